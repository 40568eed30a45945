"""Save what is on many ranks, load it on other numbers of them, and restart."""

# --8<-- [start:setup]
import os
import tempfile
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch.multiprocessing as mp
from torch import nn
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a GPU in use cannot be forked along
# --8<-- [end:setup]


# --8<-- [start:launch]
def begin(rank, worker, ranks, folder, args):
    torch.set_num_threads(1)  # the ranks share the cores
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meeting",
        rank=rank,
        world_size=ranks,
        timeout=timedelta(seconds=30),
    )
    dist.barrier()  # until all are connected
    worker(rank, *args)
    dist.destroy_process_group()


def launch(worker, ranks=2, args=()):
    """Run worker(rank, *args) in so many processes that know each other."""
    with tempfile.TemporaryDirectory() as folder:
        everything = (worker, ranks, folder, args)
        mp.start_processes(begin, everything, nprocs=ranks, start_method="fork")


# --8<-- [end:launch]


# --8<-- [start:model-and-step]
def build(seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
    fully_shard(model, mesh=init_device_mesh("cpu", (dist.get_world_size(),)))
    return model, torch.optim.Adam(model.parameters(), lr=0.01)


def step(model, optimizer, number):
    generator = torch.Generator().manual_seed(number)
    loss = model(torch.randn(32, 8, generator=generator)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


# --8<-- [end:model-and-step]


# --8<-- [start:save-on-four]
def save_on_four(rank, path):
    model, optimizer = build(seed=0)
    for number in range(5):
        step(model, optimizer, number)
    weights, averages = get_state_dict(model, optimizer)
    state = {"model": weights, "optimizer": averages, "step": 5}
    dcp.save(state, checkpoint_id=path)
    loss = step(model, optimizer, 5)
    if rank == 0:
        print(f"four ranks: step 5 has loss {loss:.5f}")


place = tempfile.TemporaryDirectory()
checkpoint = Path(place.name, "step-5")
launch(save_on_four, ranks=4, args=(checkpoint,))
print(*sorted(file.name for file in checkpoint.iterdir()))
# --8<-- [end:save-on-four]


# --8<-- [start:load-on-two]
def load_on_two(rank, path):
    model, optimizer = build(seed=99)  # other weights, and other shards
    weights, averages = get_state_dict(model, optimizer)
    state = {"model": weights, "optimizer": averages, "step": 0}
    dcp.load(state, checkpoint_id=path)  # fills what it is given
    set_state_dict(
        model,
        optimizer,
        model_state_dict=state["model"],
        optim_state_dict=state["optimizer"],
    )
    loss = step(model, optimizer, state["step"])
    if rank == 0:
        print(f"two ranks: step {state['step']} has loss {loss:.5f}")


launch(load_on_two, ranks=2, args=(checkpoint,))
# --8<-- [end:load-on-two]


# --8<-- [start:forget-the-optimizer]
def load_weights_only(rank, path):
    model, optimizer = build(seed=99)
    weights, _ = get_state_dict(model, optimizer)
    dcp.load({"model": weights}, checkpoint_id=path)
    losses = [f"{step(model, optimizer, number):.5f}" for number in (5, 6, 7)]
    if rank == 0:
        print("without the optimizer:", *losses)


def load_all(rank, path):
    model, optimizer = build(seed=99)
    weights, averages = get_state_dict(model, optimizer)
    dcp.load({"model": weights, "optimizer": averages}, checkpoint_id=path)
    set_state_dict(
        model, optimizer, model_state_dict=weights, optim_state_dict=averages
    )
    losses = [f"{step(model, optimizer, number):.5f}" for number in (5, 6, 7)]
    if rank == 0:
        print("with the optimizer:   ", *losses)


launch(load_weights_only, args=(checkpoint,))
launch(load_all, args=(checkpoint,))
# --8<-- [end:forget-the-optimizer]


# --8<-- [start:one-file]
single = Path(place.name, "model.pt")
dcp_to_torch_save(checkpoint, single)
state = torch.load(single)
plain = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
plain.load_state_dict(state["model"])
print(f"step {state['step']}:", {k: tuple(v.shape) for k, v in state["model"].items()})
# --8<-- [end:one-file]


# --8<-- [start:save-in-the-background]
def save_in_the_background(rank, path):
    own_group = dist.new_group(backend="gloo")  # for the saving thread
    model, optimizer = build(seed=0)
    weights, averages = get_state_dict(model, optimizer)
    state = {"model": weights, "optimizer": averages}
    before = model[0].weight.full_tensor()[0, 0].item()
    saving = dcp.async_save(state, checkpoint_id=path, process_group=own_group)
    for number in range(3):
        step(model, optimizer, number)  # goes on meanwhile
    saving.result()  # wait before the next save, and at the end
    after = model[0].weight.full_tensor()[0, 0].item()
    if rank == 0:
        print(f"weight {before:.4f} when saved, {after:.4f} after three steps")


background = Path(place.name, "background")
launch(save_in_the_background, args=(background,))
dcp_to_torch_save(background, Path(place.name, "background.pt"))
saved = torch.load(Path(place.name, "background.pt"))["model"]["0.weight"]
print(f"weight {saved[0, 0].item():.4f} in the checkpoint")
# --8<-- [end:save-in-the-background]


# --8<-- [start:save-and-restore]
import os

import torch
import torch.distributed as dist


def save(model, optimizer, step):
    if dist.get_rank() == 0:
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save(state | {"step": step}, "latest.tmp")
        os.replace("latest.tmp", "latest.pt")  # the old or the new, never a half
    dist.barrier()


def restore(model, optimizer):
    """Load the newest checkpoint; return the step to go on with."""
    if not os.path.exists("latest.pt"):
        return 0
    state = torch.load("latest.pt")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"]


# --8<-- [end:save-and-restore]


# --8<-- [start:a-program-that-dies]
import os
import signal
import time

import torch
import torch.distributed as dist
from checkpoint import restore, save
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def main():
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.5)
    first = restore(model, optimizer)
    ddp = DistributedDataParallel(model)
    if rank == 0:
        print(f"starts at step {first}", flush=True)
    for step in range(first, 8):
        if rank == 1 and step == 5 and first == 0:
            os.kill(os.getpid(), signal.SIGKILL)  # as a machine out of memory does
        X = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))[rank::2]
        loss = (ddp(X) - X.sum(1, keepdim=True)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 2 == 1:
            save(model, optimizer, step + 1)
    if rank == 0:
        print("weights", [f"{w:.4f}" for w in model.weight[0].tolist()])
    dist.destroy_process_group()
    time.sleep(0.5)  # gloo's threads end first; else Python's exit may abort


if __name__ == "__main__":
    main()
# --8<-- [end:a-program-that-dies]


# --8<-- [start:without-a-break]
torch.manual_seed(0)
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.5)
for number in range(8):
    X = torch.randn(8, 4, generator=torch.Generator().manual_seed(number))
    loss = (model(X) - X.sum(1, keepdim=True)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("weights", [f"{w:.4f}" for w in model.weight[0].tolist()])
# --8<-- [end:without-a-break]


# --8<-- [start:solution-best-interval]
cost, between_failures = 1.0, 8 * 60  # minutes


def lost_share(interval):
    """Return the share of time for saving and for work that is done twice."""
    return cost / interval + interval / 2 / between_failures


for interval in (10, 20, 31, 60, 120):
    print(f"every {interval:3} minutes: {lost_share(interval):.3f} lost")
# --8<-- [end:solution-best-interval]


# --8<-- [start:solution-read-it-back]
def resume(rank, path):
    model, optimizer = build(seed=99)
    number = 0
    weights, averages = get_state_dict(model, optimizer)
    before = model[0].weight.full_tensor()[0, 0].item()
    state = {"model": weights, "optimizer": averages, "step": number}
    dcp.load(state, checkpoint_id=path)
    after = model[0].weight.full_tensor()[0, 0].item()
    if rank == 0:
        print(f"weight {before:.4f}, after loading {after:.4f}")
        print(f"number {number}, state['step'] {state['step']}")


launch(resume, args=(checkpoint,))
# --8<-- [end:solution-read-it-back]
