"""What makes the process of a run its own: process group, folder, streams, random numbers, warning filters."""

import faulthandler
import io
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import types
import warnings
from multiprocessing import spawn
from pathlib import Path
from typing import Any

from blocks.run.child.file_audit import watch
from blocks.run.shared import devices, leftovers
from blocks.run.shared.exemptions import EXEMPTIONS
from blocks.run.shared.protocol import Job

preparation_data: Any = spawn.get_preparation_data
QUIET_MAIN = """import contextlib, io
with contextlib.redirect_stdout(io.StringIO()):
    exec(compile({code!r}, __file__, "exec", dont_inherit=True))
"""
STRICT = (DeprecationWarning, FutureWarning, UserWarning)


def detach() -> None:
    """Give this process what needs no job: its own process group, warning filters and random numbers."""
    lead_group()
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # the fork server, and so this process until now, ignores it
    multiprocessing.set_start_method(None, force=True)  # the system's own, not the runner's
    root = str(Path(__file__).parents[3])
    sys.path[:] = [entry for entry in sys.path if entry not in ("", root)]
    os.environ.pop("PYTHONPATH", None)
    os.environ.pop("PYTHONUNBUFFERED", None)  # programs that a block starts would write half lines
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].seed()
    strict_warnings()


def isolate(job: Job) -> None:
    """Give this process the job's working directory, standard streams and devices, and note what it reads."""
    os.chdir(Path(job.folder, "work"))
    sys.path.insert(0, os.getcwd())  # a program finds the modules beside it
    os.environ["TMPDIR"] = tempfile.tempdir = str(Path(job.folder, "tmp"))
    os.mkdir(tempfile.tempdir)
    own_streams(Path(job.folder))
    sys.argv = [job.path]
    if job.device != "cpu" or any("torch" in step.code for step in job.steps):
        devices.use(job.device, Path(__file__).parents[3])
    watch(Path(job.root), Path(job.folder, "read"))
    leftovers.note(Path(job.folder, "left"))
    if any("_Weights" in step.code for step in job.steps):
        from blocks.run.child import fake_checkpoints

        fake_checkpoints.seed_cache(Path(job.folder, "torch"), "".join(step.code for step in job.steps))


def lead_group() -> None:
    """Lead a process group, which an interruption of the terminal does not reach, and which is ended as a whole."""
    if hasattr(os, "setsid"):
        os.setsid()
        die_with_parent()


def own_streams(folder: Path) -> None:
    """Send standard output and error, also those of child processes, to files of the folder; read from nowhere."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        target = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(target, number)
        os.close(target)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=True), "utf-8", line_buffering=True)  # lines whole, at once
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), "utf-8", line_buffering=True)
    faulthandler.enable(os.dup(2))


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


def main_of_workers(path: Path, code: str) -> None:
    """Let processes that are spawned from now on import this code, not the whole page, as their main module.

    What it prints on that import is the output of the blocks before it, once more for each worker: not this block's.
    """
    path.write_text(QUIET_MAIN.format(code=code), "utf-8")
    spawn.get_preparation_data = lambda name: preparation_data(name) | {"init_main_from_path": str(path)}


def fresh_main(path: str) -> dict[str, Any]:
    """Return the namespace of a new `__main__` that stands for the script at `path`."""
    module = types.ModuleType("__main__")
    module.__file__ = path
    sys.modules["__main__"] = module
    return module.__dict__
