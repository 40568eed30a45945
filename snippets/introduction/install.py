"""Verify an installation, pick a device, and recognize the usual faults."""

# --8<-- [start:setup]
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import torch

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:which-build]
questions = {
    "Mac with Apple silicon?": "plain pip (MPS)",
    "NVIDIA GPU?": "CUDA build",
    "AMD GPU on Linux?": "ROCm build",
    "Intel GPU?": "XPU build",
}
fig, ax = plt.subplots(figsize=(6.4, 3.4))
arrow = {"arrowstyle": "->"}
for number, (question, build) in enumerate(questions.items()):
    box = {"boxstyle": "round", "facecolor": "none", "edgecolor": f"C{number}"}
    ax.text(0, -number, question, ha="center", va="center", bbox=box)
    ax.text(3, -number, build, ha="center", va="center", bbox=box)
    ax.annotate("", (2.2, -number), (1.1, -number), arrowprops=arrow)
    ax.annotate("", (0, -number - 0.75), (0, -number - 0.25), arrowprops=arrow)
    ax.text(1.6, 0.1 - number, "yes", ha="center")
    ax.text(0.1, -number - 0.55, "no")
ax.text(0, -4, "CPU build", ha="center", va="center")
ax.set(xlim=(-1.2, 3.8), ylim=(-4.2, 0.4))
ax.axis("off")
plt.show()
# --8<-- [end:which-build]


# --8<-- [start:print-versions]
torch_release = ".".join(torch.__version__.split(".")[:2])
print("torch", torch_release)
print(f"Python {sys.version_info.major}.{sys.version_info.minor}")
# --8<-- [end:print-versions]


# --8<-- [start:verify-install]
x = torch.randn(64, 64)
weight = x.to(device).requires_grad_()
loss = (weight @ weight).square().mean()
loss.backward()
torch.testing.assert_close((weight @ weight).cpu(), x @ x, atol=1e-3, rtol=1e-3)
print(f"loss {loss.item():.0f}, gradient finite:", weight.grad.isfinite().all().item())
# --8<-- [end:verify-install]


# --8<-- [start:ask-the-gpu]
major, minor = torch.cuda.get_device_capability()
free, total = torch.accelerator.get_memory_info()
print(f"GPUs: {torch.accelerator.device_count()}, generation {major}.{minor}")
print(f"memory: {total / 2**30:.0f} GiB, {free / 2**30:.0f} free")
# --8<-- [end:ask-the-gpu]


# --8<-- [start:accelerator-trap]
built_for = torch.accelerator.current_accelerator()
present = torch.accelerator.current_accelerator(check_available=True)
print("checked answer is None or the same:", present in (None, built_for))
agrees = (present is not None) == torch.accelerator.is_available()
print("checked answer agrees with is_available:", agrees)
# --8<-- [end:accelerator-trap]


# --8<-- [start:cpu-threads]
print("threads, at least one:", torch.get_num_threads() >= 1)
torch.set_num_threads(1)
print("threads now:", torch.get_num_threads())
# --8<-- [end:cpu-threads]


# --8<-- [start:file-named-torch]
with tempfile.TemporaryDirectory() as folder:
    Path(folder, "torch.py").write_text("# my notes\n")
    command = [sys.executable, "-c", "import torch; torch.tensor([1.0])"]
    environment = os.environ | {"PYTHONPATH": folder}
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
print(result.stderr.splitlines()[-1].split(" (")[0])
# --8<-- [end:file-named-torch]


# --8<-- [start:solution-three-machines]
machines = {
    "laptop, CPU build": (None, False),
    "GPU server, CUDA build": ("cuda", True),
    "login node without a GPU, CUDA build": ("cuda", False),
}
for name, (built_for, available) in machines.items():
    unchecked = built_for or "cpu"
    checked = built_for if available else "cpu"
    print(f"{name}: unchecked {unchecked}, checked {checked}")
# --8<-- [end:solution-three-machines]


# --8<-- [start:solution-check-dtypes]
for dtype in torch.float32, torch.bfloat16, torch.float16:
    x = torch.ones(8, 8, device=device, dtype=dtype)
    product = x @ x
    print(product.dtype, product.sum().item())
# --8<-- [end:solution-check-dtypes]
