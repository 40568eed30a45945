"""A notebook executed as its kernel does: by IPython, under a running loop, in a process of its own.

The process is forked from one that has imported what most notebooks do, where a kernel would take seconds to start.
An import that a page lacks is found by its script, which a fresh Python runs.
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from blocks.run.job import bare_main

IMPORTED = ["IPython.core.interactiveshell", "matplotlib.pyplot", "sklearn.datasets", "torch._dynamo", "torchvision"]
METHOD = "forkserver" if sys.platform == "linux" else "spawn"
END = 2000  # characters of a log that a cell wrote
FAILED = "cell '{0}' failed:\n{1}"


def run(cells: list[Any], folder: Path, environment: dict[str, str], seconds: float) -> str:
    """Execute code cells in order in a folder; return which failed, what it said and what it logged, or nothing."""
    forkserver.set_forkserver_preload(IMPORTED)
    program = [(cell.id, cell.source, "raises-exception" in cell.metadata.get("tags", [])) for cell in cells]
    context: Any = multiprocessing.get_context(METHOD)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=execute, args=(theirs, program, str(folder), environment))
    with bare_main():
        process.start()
    theirs.close()
    try:
        if not ours.poll(seconds):
            return f"the notebook took longer than {seconds:g} s"
        said = str(ours.recv())
        return said and said + "".join(f"\n{path.name}: {path.read_text()[-END:]}" for path in folder.glob("log*.txt"))
    except EOFError:
        return "the notebook's process died"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what a cell may have left running
        process.join()


def execute(pipe: Any, program: list[tuple[str, str, bool]], folder: str, environment: dict[str, str]) -> None:
    """Execute the cells in this process, which it makes its own, and send which failed and what it said."""
    os.setsid()
    multiprocessing.set_start_method(None, force=True)  # the system's own, not that of this process
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    quiet = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(quiet, number)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    sys.path.insert(0, folder)
    pipe.send(asyncio.run(in_shell(program)))


async def in_shell(program: list[tuple[str, str, bool]]) -> str:
    """Execute the cells in a new shell; return which failed and what it said, or nothing."""
    from IPython.core.interactiveshell import InteractiveShell

    shell: Any = InteractiveShell.instance()
    for name, source, may_raise in program:
        code = shell.transform_cell(source)
        result = await shell.run_cell_async(source, store_history=True, transformed_cell=code)
        if error := None if may_raise else result.error_in_exec or result.error_before_exec:
            return FAILED.format(name, f"{type(error).__name__}: {error}")
    return ""
