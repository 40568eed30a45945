"""The commands of `python -m blocks`, one a file."""
