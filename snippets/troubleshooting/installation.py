"""Provoke what fails before a program starts, and fix it."""

# --8<-- [start:setup]
import os
import subprocess
import sys
from pathlib import Path


def run(program, *options, **variables):
    """Run a program in a new Python; return the last line that it prints."""
    Path("main.py").write_text(program)
    environment = os.environ | {"PYTHONSAFEPATH": ""} | variables
    done = subprocess.run(
        [sys.executable, *options, "main.py"],
        capture_output=True,
        text=True,
        env=environment,
    )
    return (done.stdout + done.stderr).strip().splitlines()[-1]


# --8<-- [end:setup]


# --8<-- [start:file-named-torch]
Path("torch.py").write_text("# my notes about torch\n")
print(run("import torch\ntorch.tensor([1.0])"))
# --8<-- [end:file-named-torch]


# --8<-- [start:file-named-torch-fixed]
Path("torch.py").rename("torch_notes.py")
print(run("import torch\nprint(torch.tensor([1.0]))"))
# --8<-- [end:file-named-torch-fixed]
