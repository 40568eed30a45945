"""Put the layers of a network on different ranks, and keep all of them busy."""

# --8<-- [start:setup]
import os
import tempfile
from datetime import timedelta

import matplotlib.pyplot as plt
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F
from torch import nn
from torch.distributed.pipelining import PipelineStage, Schedule1F1B, ScheduleGPipe

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


# --8<-- [start:two-stages]
def build_stages():
    torch.manual_seed(0)
    first = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
    second = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))
    return [first, second]


torch.manual_seed(1)
X, y = torch.randn(16, 8), torch.randn(16, 4)
whole = nn.Sequential(*build_stages())
loss = F.mse_loss(whole(X), y)
loss.backward()
print(f"loss of one process: {loss.item():.4f}")


def gradient_error(stage, rank):
    """Return the largest difference to the gradients of the whole network."""
    pairs = zip(stage.parameters(), whole[rank].parameters(), strict=True)
    return max((a.grad - b.grad).abs().max().item() for a, b in pairs)


# --8<-- [end:two-stages]


# --8<-- [start:first-stage]
def run_first(stage, parts):
    sent = []
    for part in X.chunk(parts):
        hidden = stage(part)
        dist.send(hidden.detach(), dst=1)
        sent.append(hidden)  # its graph is needed for backward
    for hidden in sent:
        gradient = torch.empty_like(hidden)
        dist.recv(gradient, src=1)
        hidden.backward(gradient)


# --8<-- [end:first-stage]


# --8<-- [start:second-stage]
def run_second(stage, parts):
    received, losses = [], []
    for target in y.chunk(parts):
        hidden = torch.empty(len(target), 16)
        dist.recv(hidden, src=0)
        received.append(hidden.requires_grad_())
        losses.append(F.mse_loss(stage(hidden), target) / parts)
    for hidden, loss in zip(received, losses, strict=True):
        loss.backward()
        dist.send(hidden.grad, dst=0)
    return sum(losses).item()


# --8<-- [end:second-stage]


# --8<-- [start:by-hand]
def pipeline_by_hand(rank):
    stage = build_stages()[rank]
    if rank == 0:
        run_first(stage, parts=4)
        print(f"rank 0: gradient off by {gradient_error(stage, 0):.5f}", flush=True)
    else:
        loss = run_second(stage, parts=4)
        print(
            f"rank 1: gradient off by {gradient_error(stage, 1):.5f}, loss {loss:.4f}",
            flush=True,
        )


launch(pipeline_by_hand)
# --8<-- [end:by-hand]


# --8<-- [start:orders]
def gpipe(stage, stages, parts):
    return [("forward", n) for n in range(parts)] + [
        ("backward", n) for n in range(parts)
    ]


def one_forward_one_backward(stage, stages, parts):
    ahead = min(stages - stage - 1, parts)
    order = [("forward", n) for n in range(ahead)]
    for n in range(parts - ahead):
        order += [("forward", ahead + n), ("backward", n)]
    return order + [("backward", n) for n in range(parts - ahead, parts)]


print(one_forward_one_backward(stage=0, stages=2, parts=3))
# --8<-- [end:orders]


# --8<-- [start:what-it-waits-for]
def waits_for(kind, stage, part, stages):
    """Return the piece of work that must be done before this one."""
    if kind == "forward":
        return ("forward", stage - 1, part) if stage else None
    if stage == stages - 1:
        return ("forward", stage, part)
    return ("backward", stage + 1, part)


# --8<-- [end:what-it-waits-for]


# --8<-- [start:run-the-clock]
def timeline(order, stages, parts, slowest=1.0):
    """Return start and end of each piece of work; the last stage may be slower."""
    queues = [order(stage, stages, parts) for stage in range(stages)]
    free, times = [0.0] * stages, {}
    while any(queues):
        for stage, queue in enumerate(queues):
            if not queue:
                continue
            kind, part = queue[0]
            before = waits_for(kind, stage, part, stages)
            if before and before not in times:
                continue  # its turn comes later
            queue.pop(0)
            start = max(free[stage], times[before][1] if before else 0)
            length = 1 if kind == "forward" else 2
            if stage == stages - 1:
                length *= slowest
            free[stage] = start + length
            times[kind, stage, part] = (start, free[stage])
    return times


# --8<-- [end:run-the-clock]


# --8<-- [start:draw-both]
fig, axes = plt.subplots(2, 1, figsize=(5, 3.6), sharex=True)
for axis, order in zip(axes, (gpipe, one_forward_one_backward), strict=True):
    times = timeline(order, stages=4, parts=6)
    for (kind, stage, _), (start, end) in times.items():
        color = "C0" if kind == "forward" else "C1"
        axis.barh(stage, end - start - 0.1, left=start, height=0.8, color=color)
    axis.set(ylabel="stage", yticks=range(4), title=order.__name__.replace("_", " "))
    axis.invert_yaxis()
axes[-1].set_xlabel("time, in forward passes of a part")
plt.show()
# --8<-- [end:draw-both]


# --8<-- [start:measure-the-bubble]
def idle_share(times, stages):
    busy = sum(end - start for start, end in times.values())
    last = max(end for _, end in times.values())
    return 1 - busy / (stages * last)


def most_held(order, stages, parts):
    """Return the most parts whose graphs the first stage holds at once."""
    held = most = 0
    for kind, _ in order(0, stages, parts):
        held += 1 if kind == "forward" else -1
        most = max(most, held)
    return most


print("parts  formula  gpipe  1f1b   held: gpipe  1f1b")
for parts in (1, 4, 8, 32):
    orders = (gpipe, one_forward_one_backward)
    idle = [idle_share(timeline(order, 4, parts), 4) for order in orders]
    held = [most_held(order, 4, parts) for order in orders]
    formula = 3 / (parts + 3)
    print(f"{parts:5}  {formula:7.3f}  {idle[0]:5.3f}  {idle[1]:5.3f}", end="")
    print(f"  {held[0]:11}  {held[1]:4}")
# --8<-- [end:measure-the-bubble]


# --8<-- [start:with-the-library]
def pipeline_with_library(rank, schedule_class):
    module = build_stages()[rank]
    stage = PipelineStage(module, rank, num_stages=2, device=torch.device("cpu"))
    schedule = schedule_class(stage, n_microbatches=4, loss_fn=F.mse_loss)
    losses = []
    if rank == 0:
        schedule.step(X)
    else:
        schedule.step(target=y, losses=losses)
    off = gradient_error(module, rank)
    report = f"rank {rank}: {schedule_class.__name__}, gradient off by {off:.5f}"
    if losses:
        report += f", loss {torch.stack(losses).mean().item():.4f}"
    print(report, flush=True)


launch(pipeline_with_library, args=(ScheduleGPipe,))
launch(pipeline_with_library, args=(Schedule1F1B,))
# --8<-- [end:with-the-library]


# --8<-- [start:a-slow-stage]
for slowest in (1.0, 1.5, 2.0):
    times = timeline(one_forward_one_backward, stages=4, parts=32, slowest=slowest)
    last = max(end for _, end in times.values())
    print(f"last stage takes {slowest} times as long: step takes {last:5.1f}")
# --8<-- [end:a-slow-stage]


# --8<-- [start:gradients-left-over]
def step_twice(rank, clear):
    module = build_stages()[rank]
    stage = PipelineStage(module, rank, num_stages=2, device=torch.device("cpu"))
    schedule = ScheduleGPipe(stage, n_microbatches=4, loss_fn=F.mse_loss)
    for _ in range(2):
        if clear:
            module.zero_grad()
        if rank == 0:
            schedule.step(X)
        else:
            schedule.step(target=y)
    ratio = module[0].weight.grad.norm() / whole[rank][0].weight.grad.norm()
    print(f"rank {rank}: cleared {clear!s:5}, {ratio.item():.2f} times", flush=True)


launch(step_twice, args=(True,))
launch(step_twice, args=(False,))
# --8<-- [end:gradients-left-over]


# --8<-- [start:solution-parts-for-ten-percent]
stages = 8
for parts in (16, 32, 63, 64):
    print(f"{parts} parts: {(stages - 1) / (parts + stages - 1):.3f} idle")
# --8<-- [end:solution-parts-for-ten-percent]


# --8<-- [start:solution-two-chunks-a-rank]
stages, parts = 4, 8
for chunks in (1, 2, 4):
    idle = (stages - 1) / (chunks * parts + stages - 1)
    print(f"{chunks} chunks a rank: {idle:.3f} idle, {chunks} times the messages")
# --8<-- [end:solution-two-chunks-a-rank]


# --8<-- [start:solution-divide-by-the-parts]
model = nn.Sequential(*build_stages())
for part, target in zip(X.chunk(4), y.chunk(4), strict=True):
    F.mse_loss(model(part), target).backward()
ratio = model[0][0].weight.grad.norm() / whole[0][0].weight.grad.norm()
print(f"not divided: the gradient is {ratio.item():.2f} times that of the batch")
# --8<-- [end:solution-divide-by-the-parts]
