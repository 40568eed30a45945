"""Verify an installation, pick a device, and recognize the usual faults."""

# --8<-- [start:setup]
import os
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import torch

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:print-versions]
print(f"Python {sys.version_info.major}.{sys.version_info.minor}")
for name in ("torch", "numpy", "matplotlib", "scikit-learn", "mlxtend"):
    major, minor, *_ = metadata.version(name).split(".")
    print(f"{name} {major}.{minor}")
print("accelerators:", torch.accelerator.device_count())
# --8<-- [end:print-versions]


# --8<-- [start:verify-install]
x = torch.randn(64, 64)
weight = x.to(device).requires_grad_()
product = weight @ weight
product.square().mean().backward()
error = (product.detach().cpu() - x @ x).abs().max()
print(f"largest difference from the CPU: {error:.2f}")
print(f"norm of the gradient: {weight.grad.norm():.1f}")
# --8<-- [end:verify-install]


# --8<-- [start:ask-the-gpu]
major, minor = torch.cuda.get_device_capability()
free, total = torch.accelerator.get_memory_info()
print(f"GPUs: {torch.accelerator.device_count()}, generation {major}.{minor}")
print(f"memory: {total / 2**30:.0f} GiB, {free / 2**30:.0f} free")
# --8<-- [end:ask-the-gpu]


# --8<-- [start:cpu-threads]
print("threads at first:", torch.get_num_threads())
for count in 2, 1:
    torch.set_num_threads(count)
    print("threads now:", torch.get_num_threads())
# --8<-- [end:cpu-threads]


# --8<-- [start:file-named-torch]
def run_beside(name, program):
    """Run a program with such a file beside it; return the end of its error."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_text("# my notes\n")
        environment = os.environ | {"PYTHONPATH": folder}
        command = [sys.executable, "-c", program]
        run = subprocess.run(command, env=environment, capture_output=True, text=True)
    return run.stderr.splitlines()[-1].split(" (")[0]


print(run_beside("torch.py", "import torch; torch.tensor([1.0])"))
# --8<-- [end:file-named-torch]


# --8<-- [start:solution-file-named-random]
print(run_beside("random.py", "import torch"))
# --8<-- [end:solution-file-named-random]


# --8<-- [start:solution-check-dtypes]
for dtype in (torch.float32, torch.bfloat16, torch.float16):
    x = torch.ones(8, 8, device=device, dtype=dtype)
    product = x @ x
    print(product.dtype, "sum", product.sum().item())
# --8<-- [end:solution-check-dtypes]


# --8<-- [start:solution-space-on-disk]
def gigabytes(package):
    paths = [file.locate() for file in metadata.files(package) or []]
    return sum(os.path.getsize(path) for path in paths if os.path.exists(path)) / 1e9


names = {package.metadata["Name"] for package in metadata.distributions()}
libraries = [name for name in names if name.startswith(("nvidia-", "cuda-", "triton"))]
print(f"torch: {gigabytes('torch'):.1f} GB")
print(f"its GPU libraries: {sum(map(gigabytes, libraries)):.1f} GB")
# --8<-- [end:solution-space-on-disk]
