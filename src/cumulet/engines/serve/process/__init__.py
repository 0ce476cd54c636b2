"""What runs in a model's own process: standard library only, in the model's own Python.

`stem.py` has the libraries imported and forks; `birth.py` makes the fork a model's process; `loop.py` answers
its questions, `batches.py` several at a time where the handler can, `frames.py` is how they are written down.
"""
