"""Inside the process of a run: shell lines, and which of them failed."""

import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from blocks.run.shared.protocol import Step
from blocks.run.shared.variables import of_readers


def run_shell(step: Step) -> str:
    """Run shell lines with `-e`; return why they failed, or nothing."""
    note = Path(tempfile.gettempdir(), "failing-line")
    trap = f"trap 'echo $LINENO > {shlex.quote(note.as_posix())}' ERR\n"
    command = [bash(), "-eE", "-c", trap + step.code]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, env=of_readers(), check=False)
    if not done.returncode:
        return ""
    reason = f"the shell ended with exit code {done.returncode}"
    if not note.exists():
        return reason
    line = int(note.read_text()) - 1  # the trap is a line of its own
    note.unlink()
    return f'{reason}\n  File "{step.source}", line {step.line + line - 1}, in shell'


def bash() -> str:
    """Return the program that runs shell lines: on Windows the one that git brings, not that of another system."""
    git = shutil.which("git") if sys.platform == "win32" else None
    beside = Path(git).parents[1] / "bin" / "bash.exe" if git else None
    return str(beside) if beside and beside.exists() else "bash"
