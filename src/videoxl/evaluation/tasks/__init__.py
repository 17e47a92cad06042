"""One task, one file. `registry.py` knows their names."""
