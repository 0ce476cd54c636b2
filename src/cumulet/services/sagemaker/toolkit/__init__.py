"""Programs that run inside a job or beside a model, in its own Python: stdlib only, started by path."""
