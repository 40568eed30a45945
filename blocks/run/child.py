"""Inside the process of one run: execute the blocks of a page as a script would, and send a result for each."""

import contextlib
import os
import re
import subprocess
import sys
import time
import traceback
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from blocks.run.devices import UNUSED, allocations
from blocks.run.isolation import detach, fresh_main, isolate, main_of_workers
from blocks.run.messages import Job, Result, Step
from blocks.run.reads import read_notes


def main(pipe: Connection) -> None:
    """Wait for a job, execute its steps in one fresh `__main__` until one fails, and wait to be ended."""
    detach()
    try:
        job: Job = pipe.recv()
    except EOFError:
        return
    isolate(job)
    namespace = fresh_main(job.path)
    owner, position = os.getpid(), 0
    for step in job.steps:
        main_of_workers(Path(job.folder, f"{step.name}.py"), step.copy)
        started = time.perf_counter()
        reason = execute(step, namespace)
        if os.getpid() != owner:
            os._exit(0)  # a copy that the block forked: the page goes on in one process only
        output, position = printed_since(Path(job.folder, "stdout"), position)
        figures, undrawn = drawn()
        unused = job.allocates and step is job.steps[-1] and not allocations(job.device)
        reason = reason or undrawn or (UNUSED if unused else "")
        outcome = "failed" if reason else "passed"
        seconds = time.perf_counter() - started
        pipe.send(Result(step.name, outcome, reason, output, figures, seconds, read_notes(Path(job.folder, "read"))))
        if reason:
            break
    with contextlib.suppress(EOFError):
        pipe.recv()  # nothing comes: this process stays until it is ended, for what it has started is found through it


def execute(step: Step, namespace: dict[str, Any]) -> str:
    """Execute one block; return why it failed, or nothing."""
    try:
        with expecting_warning(step):
            if step.kind == "bash":
                run_shell(step)
            else:
                lines = "\n" * (step.line - 1) + step.code
                exec(compile(lines, step.source, "exec", dont_inherit=True), namespace)
    except BaseException as error:
        return judge(step, error)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(ValueError, OSError, AttributeError):
                stream.flush()
    missing = step.expected.get("raises")
    return f"the block raised nothing, and should raise {missing[0] if missing else ''}" if missing is not None else ""


def judge(step: Step, error: BaseException) -> str:
    """Return why this exception is a failure; print its type and message where the block should raise it."""
    wanted = step.expected.get("raises")
    names = {kind.__name__ for kind in type(error).__mro__}
    if wanted is not None and (not wanted or names & set(wanted)) and re.search(step.matches["raises"], str(error)):
        print("".join(traceback.format_exception_only(error)).rstrip())
        return ""
    if isinstance(error, SystemExit):
        return f"the block ended the program: SystemExit({error.code!r})"
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip()


@contextlib.contextmanager
def expecting_warning(step: Step) -> Any:
    """Print the warnings that the block declares as `Category: message`; fail if none of them comes."""
    wanted = step.expected.get("warns")
    if wanted is None:
        yield
        return
    seen = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")

        def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
            names = {kind.__name__ for kind in category.__mro__}
            if not names & set(wanted) or not re.search(step.matches["warns"], str(message)):
                raise category(message)
            seen.append(message)
            print(f"{category.__name__}: {message}")

        warnings.showwarning = show
        yield
    if not seen:
        raise AssertionError(f"the block warned of nothing, and should warn {wanted[0]}")


def run_shell(step: Step) -> None:
    """Run shell lines with `-e` in an empty folder."""
    done = subprocess.run(["bash", "-e", "-c", step.code], stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise RuntimeError(f"the shell ended with exit code {done.returncode}")


def printed_since(path: Path, position: int) -> tuple[str, int]:
    """Return what the file holds from `position` on, and its new end."""
    with path.open("rb") as file:
        file.seek(position)
        content = file.read()
    return content.decode("utf-8", "replace").replace("\r\n", "\n"), position + len(content)


def drawn() -> tuple[tuple[str, ...], str]:
    """Return the figures that are open, closing them, and why they could not be drawn, if so."""
    if "matplotlib.pyplot" not in sys.modules:
        return (), ""
    from blocks.run.figures import rendered  # late, since most pages draw nothing

    try:
        return tuple(rendered()), ""
    except Exception:
        return (), traceback.format_exc()
