"""What does the work: plain Python that knows no AWS word. One folder per family, `base.py` its interface."""
