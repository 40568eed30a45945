"""Watching and killing the process of a run, with everything that it started."""

import contextlib
import os
import signal
import sys
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil

from blocks.run.shared.protocol import Result

KILLED: list[BaseProcess] = []


def ended(code: int | None) -> str:
    """Return how a process that sent no result came to its end."""
    if code is not None and code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended its process with exit code {code}"


def receive(process: BaseProcess, receiver: Connection) -> Result | str:
    """Return the result that has come, or how the process ended without one, or '' while it still works."""
    if not receiver.poll():
        if process.is_alive():
            return ""
        if not receiver.poll():
            return ended(process.exitcode)
    try:
        result: Result = receiver.recv()
    except EOFError:
        process.join(1)
        return ended(process.exitcode)
    return result


def size(path: Path) -> int:
    """Return the file's size in bytes, 0 while it does not exist."""
    return path.stat().st_size if path.exists() else 0


def resident_memory(pid: int) -> int:
    """Return the bytes of memory resident in a process and its children."""
    total = 0
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
    return total


def kill(process: BaseProcess, dump: bool = False) -> None:
    """Kill the process and everything that it started; with `dump`, it first writes its stack to standard error."""
    family = []
    with contextlib.suppress(psutil.Error):
        family = psutil.Process(process.pid).children(recursive=True)
    if dump and process.pid and sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGABRT)
        process.join(1)
    if process.pid and hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    for orphan in family:
        with contextlib.suppress(psutil.Error):
            orphan.kill()
    process.kill()
    KILLED.append(process)


def settle() -> None:
    """Wait until the kernel has cleared up after what was killed: only then are ports, files and memory free again."""
    while KILLED:
        KILLED.pop().join()
