"""Programs that begin alike run in one process up to where they part: there it forks, once for each but the last."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from blocks.run.child.sandbox import die_with_parent
from blocks.run.shared.protocol import Step

Steps = Sequence[Step]
IN_FORK = 0  # what `fork` returns there
FINISHED = 97  # exit code of a fork that ran to its end, which no block gives by chance


def next_steps(steps: Steps, folder: Path, apart: Callable[[Step], None]) -> Steps:
    """Return what this process executes next of the steps, whose first ones all go on from where it is.

    In a fork it is one of the programs that part here, after the forks it is the last of them. Where this process
    cannot fork, each step that it does not execute for that reason is handed to `apart`.
    """
    *others, last = parted(steps) if steps else [steps]
    if not others:
        return last
    if forkable():
        return next(in_forks(others, folder), last)
    for step in chain(*others):
        apart(step)
    return last


def parted(steps: Steps) -> list[Steps]:
    """Return the programs that steps consist of, each with what goes on from it: they begin equally deep."""
    starts = [place for place, step in enumerate(steps) if step.depth == steps[0].depth]
    return [steps[start:end] for start, end in zip(starts, [*starts[1:], len(steps)], strict=True)]


def forkable() -> bool:
    """Tell whether a fork of this process is all of it: it has one thread, and no child."""
    if sys.platform != "linux":
        return False
    tasks = os.listdir("/proc/self/task")
    return len(tasks) == 1 and not Path("/proc/self/task", tasks[0], "children").read_text()


def in_forks(programs: Sequence[Steps], folder: Path) -> Iterator[Steps]:
    """Yield each program in a fork that finds the files as they are now, and wait for it; in this process, nothing."""
    kept = [(Path(folder, name), Path(folder, f"{name}-{os.getpid()}")) for name in ("work", "tmp")]
    for files, copy in kept:
        shutil.copytree(files, copy, symlinks=True)
    for program in programs:
        fork = os.fork()
        if fork == IN_FORK:
            die_with_parent()
            yield program
        code = os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1])
        if code != FINISHED:
            os._exit(abs(code) or 1)  # its results have not come, so none may come in their place
        for files, copy in kept:
            refill(files, copy)
    for _, copy in kept:
        shutil.rmtree(copy)


def refill(folder: Path, copy: Path) -> None:
    """Give a folder, which may be a working directory, the content of its copy."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    shutil.copytree(copy, folder, symlinks=True, dirs_exist_ok=True)


def end_fork(failed: bool) -> None:
    """End a fork with all that it has started."""
    if not forkable():
        import psutil  # late, since few have started anything

        for child in psutil.Process().children(recursive=True):
            child.kill()
    os._exit(1 if failed else FINISHED)
