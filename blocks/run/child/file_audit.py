"""Which files of the project a run reads, as Python's audit events tell."""

import os
import sys
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any

EVENTS = {"open", "os.listdir", "os.scandir", "subprocess.Popen"}


def watch(root: Path, notes: Path) -> None:
    """From now on add to the file `notes` each path below `root` that this process or a fork of it reads or starts.

    What is installed or kept there by compilers is none of the project's.
    """
    below, aside = f"{root}{os.sep}", (f"{Path(sys.prefix).resolve()}{os.sep}", f"{root}{os.sep}.cache{os.sep}")
    seen: set[str] = set()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in EVENTS:
            return
        for name in path_arguments(event, arguments):
            path = os.path.abspath(name)
            if path.startswith(below) and not path.startswith(aside) and path not in seen:
                seen.add(path)
                number = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                os.write(number, f"{path[len(below) :]}\n".encode())
                os.close(number)

    sys.addaudithook(hook)


def path_arguments(event: str, arguments: tuple[Any, ...]) -> list[str]:
    """Return the names in an event's arguments that may be paths."""
    if event == "subprocess.Popen":
        names = [arguments[0], *(() if isinstance(arguments[1], str | bytes) else arguments[1])]
    else:
        names = ["." if arguments[0] is None else arguments[0]]
    return [os.fsdecode(name) for name in names if isinstance(name, str | bytes | os.PathLike)]


def read_notes(notes: Path) -> tuple[str, ...]:
    """Return what was noted, helpers by their source, in the way that paths are written in a record."""
    lines = set(notes.read_text("utf-8").splitlines()) if notes.exists() else set()
    sources = {source_from_cache(line) if line.endswith(".pyc") and "__pycache__" in line else line for line in lines}
    return tuple(sorted(source.replace(os.sep, "/") for source in sources))
