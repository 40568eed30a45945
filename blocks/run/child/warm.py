"""What the fork server does once, after its imports, so that no process which comes of it has to."""

import contextlib


def warm() -> None:
    """Let torch and numpy do what they put off until random numbers are first seeded.

    Where there may be a GPU, torch then quotes the lines of the calls that led there, from sources that it first reads;
    numpy imports its random numbers.
    """
    import torch

    torch.seed()
    with contextlib.suppress(ImportError):
        import numpy.random  # noqa: F401


warm()
