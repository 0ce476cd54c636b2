"""The road on real reviews, driven by the clients that AWS's users have: `cumulet demo`.

`road.py` is the part to read: it is written as for AWS and knows nothing of Cumulet. `glue/clean.py` and
`training/` are what it hands to Glue and SageMaker. The rest starts a server, watches and reports.
"""
