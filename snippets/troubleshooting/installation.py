"""Provoke what fails before a program starts, and fix it."""

# --8<-- [start:setup]
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from importlib.metadata import version
from pathlib import Path

import torch

accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:run-in-a-folder]
workshop = tempfile.TemporaryDirectory()
folder = Path(workshop.name)


def run(*command, **variables):
    """Run a command in the folder; return the last line that it prints."""
    environment = os.environ | {"PYTHONPATH": str(folder)} | variables
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True
    )
    return (done.stdout + done.stderr).strip().splitlines()[-1]


def run_program(program, python=sys.executable, **variables):
    """Run a program from the folder; return the last line that it prints."""
    (folder / "main.py").write_text(program)
    return run(python, "main.py", **variables)


print(run_program("print('ready')"))
# --8<-- [end:run-in-a-folder]


# --8<-- [start:another-python]
run(sys.executable, "-c", "import venv; venv.create('other'); print('made')")
other = folder / "other" / ("Scripts" if os.name == "nt" else "bin") / "python"
print(run_program("import torch", python=other))
# --8<-- [end:another-python]


# --8<-- [start:another-python-fixed]
question = """
import importlib.util

print("torch is here" if importlib.util.find_spec("torch") else "no torch")
"""
print("the other Python:", run_program(question, python=other))
print("this Python:     ", run_program(question, python=sys.executable))
# --8<-- [end:another-python-fixed]


# --8<-- [start:no-wheel]
wheels = folder / "wheels"
wheels.mkdir(exist_ok=True)
(wheels / "torch-2.15.0-cp39-cp39-manylinux_2_28_x86_64.whl").touch()
pip = [sys.executable, "-m", "pip", "install", "--isolated", "--no-index"]
print(run(*pip, "--find-links", wheels, "--target", folder / "there", "torch"))
# --8<-- [end:no-wheel]


# --8<-- [start:no-wheel-fixed]
print("Python", f"{sys.version_info.major}.{sys.version_info.minor},", end=" ")
print(sys.maxsize.bit_length() + 1, "bits,", platform.system(), platform.machine())
# --8<-- [end:no-wheel-fixed]


# --8<-- [start:no-cuda-build]
as_without_cuda = """
import torch

vars(torch._C).pop("_cuda_getDeviceCount", None)  # as in a build without CUDA
torch.ones(2, device="cuda")
"""
print(run_program(as_without_cuda))
# --8<-- [end:no-cuda-build]


# --8<-- [start:no-cuda-build-fixed]
x = torch.ones(2, device=device)
print(x.sum().item())
# --8<-- [end:no-cuda-build-fixed]


# --8<-- [start:not-available]
asking = """
import torch

print("torch.cuda.is_available():", torch.cuda.is_available())
"""
print(run_program(asking, CUDA_VISIBLE_DEVICES=""))
# --8<-- [end:not-available]


# --8<-- [start:not-available-fixed]
def why_not_available(visible, built):
    """Return the first reason why no CUDA device can be used."""
    if visible is not None and visible.strip() in ("", "-1"):
        return f"CUDA_VISIBLE_DEVICES is {visible!r}, which hides every GPU"
    if not built:
        return "this torch was built without CUDA"
    try:
        torch.cuda.init()
    except RuntimeError as error:
        return f"CUDA does not start: {error}"
    return "CUDA starts, so there is no reason"


print(why_not_available(visible="", built=True))
print(why_not_available(visible=None, built=False))
# --8<-- [end:not-available-fixed]


# --8<-- [start:file-named-torch]
(folder / "torch.py").write_text("# my notes about torch\n")
message = run_program("import torch\ntorch.tensor([1.0])")
print(message.split(" (")[0])  # in brackets, Python 3.13 adds a guess
# --8<-- [end:file-named-torch]


# --8<-- [start:file-named-torch-fixed]
where = "import importlib.util\nprint(importlib.util.find_spec('torch').origin)"
(folder / "torch.py").touch()
print("torch is the file", Path(run_program(where)).name)
(folder / "torch.py").rename(folder / "notes.py")
print("torch is the file", "/".join(Path(run_program(where)).parts[-2:]))
# --8<-- [end:file-named-torch-fixed]


# --8<-- [start:not-a-package]
(folder / "torch.py").touch()
print(run_program("import torch.nn"))
# --8<-- [end:not-a-package]


# --8<-- [start:not-a-package-fixed]
(folder / "torch.py").unlink(missing_ok=True)
print(
    run_program("from importlib.util import find_spec\nprint(find_spec('torch').name)")
)
# --8<-- [end:not-a-package-fixed]


# --8<-- [start:file-named-random]
(folder / "random.py").write_text("print('rolling dice')\n")
print(run_program("import torch").split(" (")[0])
# --8<-- [end:file-named-random]


# --8<-- [start:file-named-random-fixed]
(folder / "random.py").touch()
(folder / "random.py").rename(folder / "dice.py")
print(run_program("import random\nprint(random.Random(0).randint(1, 6))"))
# --8<-- [end:file-named-random-fixed]


# --8<-- [start:torchvision-does-not-fit]
as_if_it_did_not_fit = """
import torch

def cannot_load(path):
    raise OSError("undefined symbol")  # what the system says of such a library

torch.ops.load_library = cannot_load
import torchvision
"""
print(run_program(as_if_it_did_not_fit))
# --8<-- [end:torchvision-does-not-fit]


# --8<-- [start:torchvision-does-not-fit-fixed]
from torchvision.ops import nms

print("torch", version("torch"), "torchvision", version("torchvision"))
boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 5.0]])
print("boxes kept:", nms(boxes, torch.tensor([0.9, 0.8]), 0.5).tolist())
# --8<-- [end:torchvision-does-not-fit-fixed]


# --8<-- [start:no-numpy]
without_numpy = """
import sys

sys.modules["numpy"] = None  # as if it were not installed
import torch

torch.ones(2).numpy()
"""
print(run_program(without_numpy))
# --8<-- [end:no-numpy]


# --8<-- [start:no-numpy-fixed]
print(torch.ones(2).numpy())
# --8<-- [end:no-numpy-fixed]


# --8<-- [start:wheel-for-another-platform]
wheel = folder / "torch-2.15.0-cp312-cp312-win_arm64.whl"
wheel.touch()
print(run(*pip, "--target", folder / "there", wheel.name))
# --8<-- [end:wheel-for-another-platform]


# --8<-- [start:wheel-for-another-platform-fixed]
print("the wheel is for", *wheel.stem.split("-")[3:])
print("this Python is  ", sys.version_info[:2], sysconfig.get_platform())
# --8<-- [end:wheel-for-another-platform-fixed]


# --8<-- [start:too-little-memory]
with_little_memory = """
import resource

resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28))  # 256 MiB of addresses
import torch
"""
print(run_program(with_little_memory))
# --8<-- [end:too-little-memory]


# --8<-- [start:too-little-memory-fixed]
how_much = """
import resource
import torch

print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""
print("memory for import torch:", run_program(how_much), "MiB")
# --8<-- [end:too-little-memory-fixed]
