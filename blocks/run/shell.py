"""Inside the process of a run: shell lines, and which of them failed."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from blocks.run.messages import Step


def run_shell(step: Step) -> str:
    """Run shell lines with `-e`; return why they failed, or nothing."""
    note = Path(tempfile.gettempdir(), "failing-line")
    trap = f"trap 'echo $LINENO > {shlex.quote(note.as_posix())}' ERR\n"
    command = [bash(), "-eE", "-c", trap + step.code]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, env=environment(), check=False)
    if not done.returncode:
        return ""
    reason = f"the shell ended with exit code {done.returncode}"
    if not note.exists():
        return reason
    line = int(note.read_text()) - 1  # the trap is a line of its own
    note.unlink()
    return f'{reason}\n  File "{step.source}", line {step.line + line - 1}, in shell'


def environment() -> dict[str, str]:
    """Return the environment of a reader's shell: its programs import files that lie beside them."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}


def bash() -> str:
    """Return the program that runs shell lines: on Windows the one that git brings, not that of another system."""
    git = shutil.which("git") if sys.platform == "win32" else None
    beside = Path(git).parents[1] / "bin" / "bash.exe" if git else None
    return str(beside) if beside and beside.exists() else "bash"
