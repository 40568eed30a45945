"""What the two sides of a run say to each other."""

from dataclasses import dataclass
from pathlib import Path

ERRORS = "\n\nstandard error:\n"  # in a reason, before what the block wrote there


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
    copy: str
    """Its runnable copy: what worker processes that are not forks import as their main module."""
    seconds: float = 0.0
    """Wall time that it may take, if it is more than others may."""
    depth: int = 0
    """How many steps its program has before it: those of a job may be several programs that begin alike."""


@dataclass(frozen=True)
class Job:
    """One program to run."""

    path: str
    """The snippet: `__file__` and `sys.argv[0]`."""
    steps: tuple[Step, ...]
    """Its blocks in order."""
    folder: str
    """Holds `stdout`, `stderr`, notes of what was read, and the working directory, `work`."""
    root: str
    """The project: what is read below it is noted."""
    device: str
    """One of `devices.DEVICES`."""
    allocates: bool
    """Whether it has failed if it ends without having allocated memory of the device."""


@dataclass(frozen=True)
class Result:
    """What became of one block."""

    name: str
    """Name of the block."""
    outcome: str
    """`passed`, `failed`, `not run`, or `apart` where its program must run in a process of its own."""
    reason: str = ""
    """Traceback, or why it did not run."""
    output: str = ""
    """What it printed on standard output."""
    figures: tuple[str, ...] = ()
    """SVG pictures that it drew."""
    seconds: float = 0.0
    """Wall time."""
    read: tuple[str, ...] = ()
    """Paths below the project's root that its run has read until now."""
    printed: int = 0
    """Bytes on standard output so far, its own among them."""
    end: str = ""
    """How its process ended by itself, where it did."""


def headline(reason: str) -> str:
    """Return the line of a reason that says what is wrong: the last of a traceback, the first of anything else."""
    lines = reason.partition(ERRORS)[0].rstrip().splitlines() or [""]
    return lines[-1 if reason.startswith("Traceback") else 0]


def printed_since(path: Path, position: int) -> tuple[str, int]:
    """Return what the file holds from `position` on, and its new end."""
    with path.open("rb") as file:
        file.seek(position)
        content = file.read()
    return content.decode("utf-8", "replace").replace("\r\n", "\n"), position + len(content)


def last_errors(folder: Path) -> str:
    """Return the end of what a run wrote to standard error, without the list of modules that a crash ends in."""
    lines = (folder / "stderr").read_text("utf-8", "replace").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("Extension modules: "))[-4000:]
