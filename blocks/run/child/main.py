"""Inside the process of one run: execute the blocks of a page as a script would, and send a result for each."""

import contextlib
import os
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from blocks.run.child.branches import end_fork, next_steps
from blocks.run.child.file_audit import read_notes
from blocks.run.child.judging import exception_report, expectation, expecting_warning, judge, with_errors
from blocks.run.child.sandbox import detach, fresh_main, isolate, main_of_workers
from blocks.run.child.shell import run_shell
from blocks.run.shared.devices import UNUSED, allocations
from blocks.run.shared.protocol import Job, Result, Step, printed_since


def main(pipe: Connection) -> None:
    """Wait for a job, execute its steps in one fresh `__main__` until one fails, and wait to be ended."""
    detach()
    try:
        job: Job = pipe.recv()
    except EOFError:
        return
    isolate(job)
    owner = os.getpid()
    failed = play(job, pipe)
    if os.getpid() != owner:
        end_fork(failed)
    with contextlib.suppress(EOFError):
        pipe.recv()  # nothing comes: this process stays until it is ended, for what it has started is found through it


def play(job: Job, pipe: Connection) -> bool:
    """Execute the steps, in forks where programs part; tell whether one has failed, which is then the last."""

    def apart(step: Step) -> None:
        pipe.send(Result(step.name, "apart"))

    namespace, folder = fresh_main(job.path), Path(job.folder)
    steps = next_steps(job.steps, folder, apart)
    while steps:
        step, owner = steps[0], os.getpid()
        before, written = ((folder / name).stat().st_size for name in ("stdout", "stderr"))  # by forks too
        main_of_workers(folder / f"{step.name}.py", step.copy)
        started = time.perf_counter()
        reason = execute(step, namespace)
        if os.getpid() != owner:
            leave(reason)  # a copy that the block forked: the page goes on in one process only
        output, position = printed_since(folder / "stdout", before)
        errors, _ = printed_since(folder / "stderr", written)
        figures, undrawn = open_figures()
        unused = job.allocates and step is job.steps[-1] and not allocations(job.device)
        reason = with_errors(reason or undrawn or (UNUSED if unused else ""), errors)
        outcome = "failed" if reason else "passed"
        seconds = time.perf_counter() - started
        read = read_notes(folder / "read")
        pipe.send(Result(step.name, outcome, reason, output, figures, seconds, read, position))
        if reason:
            return True
        steps = next_steps(steps[1:], folder, apart)
    return False


def execute(step: Step, namespace: dict[str, Any]) -> str:
    """Execute one block; return why it failed, or nothing."""
    try:
        if step.kind == "bash":
            return run_shell(step)
        with expecting_warning(step):
            lines = "\n" * (step.line - 1) + step.code
            exec(compile(lines, step.source, "exec", dont_inherit=True), namespace)
    except BaseException as error:
        return judge(step, error)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(ValueError, OSError, AttributeError):
                stream.flush()
    if "raises" in step.expected:
        return f"the block raised nothing, and should raise {expectation(step, 'raises')}"
    return ""


def leave(reason: str) -> NoReturn:
    """End a process that the block forked, saying why it failed, if it did, as `multiprocessing` does."""
    if reason:
        os.write(2, f"Process {os.getpid()}:\n{reason}\n".encode())
    os._exit(1 if reason else 0)


def open_figures() -> tuple[tuple[str, ...], str]:
    """Return the figures that are open, closing them, and why they could not be drawn, if so."""
    if "matplotlib.pyplot" not in sys.modules:
        return (), ""
    from blocks.run.child.figures import rendered  # late, since most pages draw nothing

    try:
        return tuple(rendered()), ""
    except Exception as error:
        return (), exception_report(error)
