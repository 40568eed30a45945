"""Inside the process of one run: execute the blocks of a page as a script would, and send a result for each."""

import contextlib
import faulthandler
import io
import os
import random
import re
import subprocess
import sys
import time
import traceback
import types
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from blocks.exemptions import EXEMPTIONS

STRICT = (DeprecationWarning, FutureWarning, UserWarning)


@dataclass(frozen=True)
class Step:
    """One block, as the child needs it."""

    name: str
    """Name of the block."""
    kind: str
    """`python` or `bash`."""
    code: str
    """What is executed."""
    source: str
    """File that tracebacks and `inspect` name."""
    line: int
    """Line of `source` that holds the first line of the code."""
    expected: dict[str, tuple[str, ...]]
    """Names of the exceptions or warnings that it must raise, under `raises` or `warns`."""
    matches: dict[str, str]
    """Pattern that their message must match, under the same keys."""


@dataclass(frozen=True)
class Job:
    """One program to run."""

    path: str
    """The snippet: `__file__` and `sys.argv[0]`."""
    steps: tuple[Step, ...]
    """Its blocks in order."""
    folder: str
    """Holds `stdout`, `stderr` and the working directory, `work`."""


@dataclass(frozen=True)
class Result:
    """What became of one block."""

    name: str
    """Name of the block."""
    outcome: str
    """`passed`, `failed` or `not run`."""
    reason: str = ""
    """Traceback, or why it did not run."""
    output: str = ""
    """What it printed on standard output."""
    figures: tuple[str, ...] = ()
    """SVG pictures that it drew."""
    seconds: float = 0.0
    """Wall time."""


def main(job: Job, sender: Connection) -> None:
    """Execute the job's steps in one fresh `__main__`; stop after the first that fails."""
    isolate(job)
    namespace = fresh_main(job.path)
    owner, position = os.getpid(), 0
    for step in job.steps:
        started = time.perf_counter()
        reason = execute(step, namespace)
        if os.getpid() != owner:
            os._exit(0)  # a copy that the block forked: the page goes on in one process only
        output, position = printed_since(Path(job.folder, "stdout"), position)
        figures, undrawn = drawn()
        reason = reason or undrawn
        outcome = "failed" if reason else "passed"
        sender.send(Result(step.name, outcome, reason, output, figures, time.perf_counter() - started))
        if reason:
            break


def isolate(job: Job) -> None:
    """Lead a process group; own working directory, standard streams, warning filters and random numbers."""
    if hasattr(os, "setsid"):
        os.setsid()
        die_with_parent()
    os.chdir(Path(job.folder, "work"))
    for number, name in ((1, "stdout"), (2, "stderr")):
        target = os.open(Path(job.folder, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(target, number)
        os.close(target)
    sys.stdin = open(os.devnull)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=True), "utf-8", line_buffering=True, write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), "utf-8", line_buffering=True)
    faulthandler.enable(os.dup(2))
    sys.argv = [job.path]
    root = str(Path(__file__).parents[1])
    sys.path[:] = [entry for entry in sys.path if entry not in ("", root)]
    os.environ.pop("PYTHONPATH", None)
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].seed()
    if any("_Weights" in step.code for step in job.steps):
        from blocks import weights

        weights.seed_cache(Path(job.folder, "torch"), "".join(step.code for step in job.steps))
    if "matplotlib" in sys.modules:
        figures_module().style()
    strict_warnings()


def die_with_parent() -> None:
    """Ask Linux to kill this process when the fork server goes, so that a killed pytest leaves nothing behind."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, 9)


def strict_warnings() -> None:
    """Make deprecation, future and user warnings errors, but for those that `EXEMPTIONS` names."""
    warnings.resetwarnings()
    for category in STRICT:
        warnings.simplefilter("error", category)
    for exemption in EXEMPTIONS:
        warnings.filterwarnings("ignore", exemption.message, exemption.category, exemption.module)


def fresh_main(path: str) -> dict[str, Any]:
    """Return the namespace of a new `__main__` that stands for the script at `path`."""
    module = types.ModuleType("__main__")
    module.__file__ = path
    sys.modules["__main__"] = module
    return module.__dict__


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

        def show(message: Any, category: type[Warning], filename: str, lineno: int, *rest: Any) -> None:
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


def figures_module() -> types.ModuleType:
    """Return `blocks.figures`; imported late, since most pages draw nothing."""
    import blocks.figures

    return blocks.figures


def drawn() -> tuple[tuple[str, ...], str]:
    """Return the figures that are open, closing them, and why they could not be drawn, if so."""
    if "matplotlib.pyplot" not in sys.modules:
        return (), ""
    try:
        return tuple(figures_module().rendered()), ""
    except Exception:
        return (), traceback.format_exc()
