"""Named semaphores and shared memory, which outlive a process that is killed: noted inside a run, removed after it."""

import contextlib
import os
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

TRACKER: Any = resource_tracker


def note(place: Path) -> None:
    """From now on add to a file what this process, or a fork of it, registers to be removed in the end."""
    register = TRACKER.register

    def noted(name: str, kind: str) -> None:
        register(name, kind)
        with place.open("a", encoding="utf-8") as notes:
            notes.write(f"{kind} {name}\n")

    TRACKER.register = noted


def remove(place: Path) -> None:
    """Remove what was noted and is still there, so that the tracker of both sides has nothing to complain of."""
    if os.name != "posix" or not place.exists():
        return
    for line in place.read_text("utf-8").splitlines():
        kind, _, name = line.partition(" ")
        with contextlib.suppress(OSError):  # its owner removed it, and said so
            TRACKER._CLEANUP_FUNCS[kind](name)
            TRACKER.unregister(name, kind)
