"""Find the line behind a CUDA error, and survive running out of memory."""

# --8<-- [start:setup]
import os
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path

import torch
import torch.nn.functional as F

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:run-a-script]
def run(program, **variables):
    """Run a program in a process of its own; return all that it prints."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "train.py")
        script.write_text(program)
        done = subprocess.run(
            [sys.executable, script],
            capture_output=True,
            text=True,
            env=os.environ | variables,
        )
    return (done.stdout + done.stderr).strip()


print(run("print('hello from', __name__)"))
# --8<-- [end:run-a-script]


# --8<-- [start:a-late-error]
training = """
import torch
import torch.nn.functional as F

logits = torch.randn(2, 3, device="cuda")
targets = torch.tensor([0, 3], device="cuda")
loss = F.cross_entropy(logits, targets)
print("the loss is computed, it seems")
print(loss.item())
"""
print(run(training))
# --8<-- [end:a-late-error]


# --8<-- [start:name-the-line]
print(run(training, CUDA_LAUNCH_BLOCKING="1"))
# --8<-- [end:name-the-line]


# --8<-- [start:ask-the-cpu]
logits = torch.randn(2, 3)
try:
    F.cross_entropy(logits, torch.tensor([0, 3]))
except IndexError as error:
    print("IndexError:", error)
# --8<-- [end:ask-the-cpu]


# --8<-- [start:nothing-works-after]
aftermath = """
import torch

table = torch.zeros(4, device="cuda")
try:
    print(table[torch.tensor([7], device="cuda")].item())
except RuntimeError as error:
    print("first error: ", str(error).splitlines()[0])
try:
    print(torch.ones(1, device="cuda").item())
except RuntimeError as error:
    print("second error:", str(error).splitlines()[0])
"""
print(*run(aftermath).splitlines()[:2], sep="\n")
# --8<-- [end:nothing-works-after]


# --8<-- [start:check-before]
def checked_targets(targets, classes):
    """Return the targets, if all are class numbers; this waits for the GPU."""
    low, high = targets.aminmax()
    if low < 0 or high >= classes:
        raise ValueError(
            f"targets go from {low} to {high}, classes from 0 to {classes - 1}"
        )
    return targets


try:
    checked_targets(torch.tensor([0, 3]).to(device), classes=3)
except ValueError as error:
    print(error)
# --8<-- [end:check-before]


# --8<-- [start:out-of-memory]
torch.cuda.set_per_process_memory_fraction(0.05)  # pretend that the card is small
try:
    torch.empty(2**34, device="cuda")  # 64 GiB
except torch.OutOfMemoryError as error:
    for sentence in str(error).split(". ")[:4]:
        print(sentence)
torch.cuda.set_per_process_memory_fraction(1.0)
# --8<-- [end:out-of-memory]


# --8<-- [start:halve-until-it-fits]
def fits(step, size):
    """Tell whether a step of this size has room."""
    try:
        step(size)
        return True
    except torch.OutOfMemoryError:
        return False  # the exception ends here, and with it the tensors it holds


def largest_batch(step, size):
    """Halve the size until a step fits."""
    while size and not fits(step, size):
        if accelerator:
            torch.accelerator.empty_cache()
        size //= 2
    return size


def pretend_step(size, room=300):
    if size > room:
        raise torch.OutOfMemoryError(f"no room for {size} samples")


print("fits:", largest_batch(pretend_step, 1024), "samples")
# --8<-- [end:halve-until-it-fits]


# --8<-- [start:try-smaller]
def real_step(size):
    return torch.randn(size, 2**20, device="cuda").square().mean().item()


torch.cuda.set_per_process_memory_fraction(0.05)
size = largest_batch(real_step, 4096)
torch.cuda.set_per_process_memory_fraction(1.0)
print("fits:", size, "rows of 4 MiB")
# --8<-- [end:try-smaller]


# --8<-- [start:cuda-in-a-fork]
forked = """
import multiprocessing as mp
import torch

def work():
    torch.ones(1, device="cuda")

torch.ones(1, device="cuda")
child = mp.get_context("fork").Process(target=work)
child.start()
child.join()
"""
print(run(forked).splitlines()[-1])
# --8<-- [end:cuda-in-a-fork]


# --8<-- [start:why-no-gpu]
check = """
import os
import torch

def why_no_gpu():
    if torch.cuda.is_available():
        return "CUDA is available"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1"):
        return f"CUDA_VISIBLE_DEVICES is {visible!r}, which hides every GPU"
    if torch.version.cuda is None:
        return "this PyTorch was built without CUDA: install another wheel"
    try:
        torch.cuda.init()
    except RuntimeError as error:
        return f"CUDA does not start: {error}"
    return "CUDA starts, and finds no device"

print(why_no_gpu())
"""
print(run(check, CUDA_VISIBLE_DEVICES=""))
# --8<-- [end:why-no-gpu]


# --8<-- [start:solution-find-the-embedding]
def checked(embedding, indices):
    low, high = indices.aminmax()
    if low < 0 or high >= embedding.num_embeddings:
        raise IndexError(f"{low} to {high} in a table of {embedding.num_embeddings}")
    return embedding(indices)


embedding = torch.nn.Embedding(100, 8).to(device)
tokens = torch.tensor([[5, 99], [100, 2]]).to(device)  # a vocabulary counted from 1
try:
    checked(embedding, tokens)
except IndexError as error:
    print("IndexError:", error)
# --8<-- [end:solution-find-the-embedding]


# --8<-- [start:solution-who-holds-it]
def failing_step(size):
    global watched
    activations = torch.zeros(size)
    watched = weakref.ref(activations)  # tells whether the tensor still exists
    raise RuntimeError("no room")


try:
    failing_step(1000)
except RuntimeError as error:
    frame = error.__traceback__.tb_next.tb_frame
    print("held by the frame:", sorted(frame.f_locals))
    del frame  # this name would hold it too
    print("the tensor exists inside except:", watched() is not None)
print("the tensor exists after except: ", watched() is not None)
# --8<-- [end:solution-who-holds-it]
