"""Run whole programs as a reader does: in a fresh Python, in an empty folder, one after another."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blocks.run.child import fake_checkpoints, interpreter
from blocks.run.child.sandbox import STRICT
from blocks.run.process_tree import settle
from blocks.run.shared import devices
from blocks.run.shared.exemptions import EXEMPTIONS
from blocks.run.shared.variables import of_readers

SECONDS = 600
LEAKS = "nanobind: leaked "  # said at the end of each fork: what was imported before it is not its own to free
HEADLESS = (r"FigureCanvasAgg is non-interactive", "UserWarning", "")


@dataclass(frozen=True)
class Ended:
    """What became of a program."""

    code: int
    """Exit code, negative for the signal that ended it."""
    printed: str
    """Standard output, with warnings as `Category: message`."""
    errors: str
    """Standard error."""


class Interpreter:
    """A Python that runs scripts, started ahead, since it imports torch first."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> "subprocess.Popen[str]":
        """Return the process that waits for programs, starting it where none does."""
        if self.process is None or self.process.poll() is not None:
            command = [sys.executable, interpreter.__file__]
            own, pipe = environment() | {"PYTHONSAFEPATH": "1"}, subprocess.PIPE
            self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1, env=own)
        return self.process

    def run(self, code: str, source: Path = Path("script.py")) -> Ended:
        """Run a program to its end and return what became of it; where it prints its own path, `source` stands."""
        settle()  # what pages have used, ports for instance, is free by then
        with tempfile.TemporaryDirectory(prefix="script-", ignore_cleanup_errors=True) as place:
            folder = Path(place, "work")
            folder.mkdir()
            file = Path(place, "script.py")
            file.write_text(code, "utf-8")
            process = self.start()
            assert process.stdin and process.stdout
            process.stdin.write(json.dumps(self.job(file, folder, code)) + "\n")
            answer = process.stdout.readline()
            ended = int(answer) if answer else process.wait()
            printed, errors = (read_stream(Path(place, name)) for name in ("stdout", "stderr"))
            return Ended(ended, printed.replace(str(file), str(source)), errors.split(LEAKS)[0])

    def job(self, file: Path, folder: Path, code: str) -> dict[str, Any]:
        """Return what the process needs to run a program."""
        first: list[tuple[str, str, list[str]]] = []
        if self.device == "cpu":
            first.append((devices.__file__, "hide_accelerators", []))
        if fake_checkpoints.ENUM.search(code):
            first.append((fake_checkpoints.__file__, "seed_cache", [str(file.parent / "torch"), code]))
        ignored = [HEADLESS, *((each.message, each.category.__name__, each.module) for each in EXEMPTIONS)]
        strict = [category.__name__ for category in STRICT]
        names = {"file": str(file), "folder": str(folder), "seconds": SECONDS, "strict": strict}
        return {**names, "environment": environment() | {"TMPDIR": str(file.parent)}, "ignore": ignored, "first": first}

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def read_stream(path: Path) -> str:
    """Return what a program wrote to a stream."""
    return path.read_text("utf-8", "replace") if path.exists() else ""


def environment() -> dict[str, str]:
    """Return the environment of a reader's Python without a screen, on the devices of this run."""
    return of_readers() | {"MPLBACKEND": "agg", "PYTHONUTF8": "1"}
