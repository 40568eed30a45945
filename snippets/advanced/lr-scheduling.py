"""Change the learning rate while training: decay, warm-up, plateaus, a range test."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.optim import lr_scheduler

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:train-step]
digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32).to(device)
y = torch.tensor(digits.target).to(device)
order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
test_rows, rest = order.split([497, 1300])


def make_model(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).to(device)


def train_step(model, optimizer, rows=rest, batch_size=200):
    batch = rows[torch.randint(len(rows), (batch_size,))]
    loss = nn.functional.cross_entropy(model(X[batch]), y[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


# --8<-- [end:train-step]


# --8<-- [start:with-a-schedule]
def warm_up_then_cosine(optimizer, steps):
    warm_up_steps = steps // 10
    warm_up = lr_scheduler.LinearLR(optimizer, 0.01, total_iters=warm_up_steps)
    cosine = lr_scheduler.CosineAnnealingLR(optimizer, steps - warm_up_steps)
    return lr_scheduler.SequentialLR(optimizer, [warm_up, cosine], [warm_up_steps])


def constant(optimizer, steps):
    return lr_scheduler.ConstantLR(optimizer, factor=1.0, total_iters=steps)


def cosine_only(optimizer, steps):
    return lr_scheduler.CosineAnnealingLR(optimizer, steps)


# --8<-- [end:with-a-schedule]


# --8<-- [start:three-splits]
def average(schedule, lr, steps=400, judge=None):
    """Return the mean loss and accuracy over three splits of the data."""
    results = []
    for seed in range(3):
        model = make_model(seed)
        mixed = rest[torch.randperm(len(rest))]
        train_rows, val_rows = mixed.split([1000, 300])
        optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
        scheduler = schedule(optimizer, steps)
        for _ in range(steps):
            train_step(model, optimizer, train_rows, batch_size=50)
            scheduler.step()
        rows = val_rows if judge is None else judge
        with torch.inference_mode():
            logits = model(X[rows])
        loss = nn.functional.cross_entropy(logits, y[rows]).item()
        results.append((loss, (logits.argmax(dim=1) == y[rows]).float().mean().item()))
    return torch.tensor(results).mean(dim=0).tolist()


# --8<-- [end:three-splits]


# --8<-- [start:does-it-pay]
for schedule in (constant, warm_up_then_cosine):
    print(schedule.__name__)
    for lr in (0.003, 0.02, 0.1, 0.2):
        loss, accuracy = average(schedule, lr)
        print(f"  lr {lr:<4}: loss {loss:.3f}, accuracy {accuracy:.3f}")
# --8<-- [end:does-it-pay]


# --8<-- [start:on-the-test-set]
for schedule, lr in ((constant, 0.02), (warm_up_then_cosine, 0.1), (cosine_only, 0.1)):
    loss, accuracy = average(schedule, lr, judge=test_rows)
    print(f"{schedule.__name__} {lr}: loss {loss:.3f}, accuracy {accuracy:.3f}")
# --8<-- [end:on-the-test-set]


# --8<-- [start:step-decay]
steps_per_epoch = 9
model = make_model()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
for epoch in range(6):
    for _ in range(steps_per_epoch):
        train_step(model, optimizer)
    print(f"epoch {epoch}  lr {scheduler.get_last_lr()[0]:g}")
    scheduler.step()
# --8<-- [end:step-decay]


# --8<-- [start:trace-a-schedule]
def toy_optimizer():
    return torch.optim.SGD([nn.Parameter()], lr=0.1)


def trace(scheduler, steps=40):
    lrs = []
    for _ in range(steps):
        lrs.append(scheduler.get_last_lr()[0])
        scheduler.optimizer.step()
        scheduler.step()
    return lrs


cosine = lr_scheduler.CosineAnnealingLR(toy_optimizer(), T_max=10)
print("after 0, 5, 10, 15, 20 calls:", [f"{lr:.2f}" for lr in trace(cosine)[:21:5]])
# --8<-- [end:trace-a-schedule]


# --8<-- [start:plot-falling-schedules]
def plot(schedulers):
    fig, axes = plt.subplots(len(schedulers) // 3, 3, sharex=True, sharey=True)
    for ax, scheduler in zip(axes.flat, schedulers, strict=True):
        ax.plot(trace(scheduler))
        ax.set_title(type(scheduler).__name__, fontsize=9)
    fig.supxlabel("step", fontsize=9)


falling = [
    lr_scheduler.StepLR(toy_optimizer(), step_size=10, gamma=0.5),
    lr_scheduler.MultiStepLR(toy_optimizer(), milestones=[5, 25], gamma=0.5),
    lr_scheduler.ExponentialLR(toy_optimizer(), gamma=0.93),
    lr_scheduler.LinearLR(toy_optimizer(), 1.0, 0.1, total_iters=30),
    lr_scheduler.PolynomialLR(toy_optimizer(), total_iters=40, power=2),
    lr_scheduler.CosineAnnealingLR(toy_optimizer(), T_max=40),
    lr_scheduler.LambdaLR(toy_optimizer(), lambda t: (t + 1) ** -0.5),
    lr_scheduler.MultiplicativeLR(toy_optimizer(), lambda t: 0.99 - t / 1000),
    lr_scheduler.ConstantLR(toy_optimizer(), factor=0.5, total_iters=10),
]
plot(falling)
plt.show()
# --8<-- [end:plot-falling-schedules]


# --8<-- [start:plot-rising-schedules]
one, two = toy_optimizer(), toy_optimizer()
warm_one = lr_scheduler.LinearLR(one, start_factor=0.1, total_iters=8)
decay_one = lr_scheduler.CosineAnnealingLR(one, T_max=32)
warm_two = lr_scheduler.LinearLR(two, start_factor=0.1, total_iters=8)
decay_two = lr_scheduler.ExponentialLR(two, gamma=0.93)
rising = [
    lr_scheduler.CyclicLR(toy_optimizer(), 0.01, 0.1, step_size_up=8),
    lr_scheduler.CyclicLR(toy_optimizer(), 0.01, 0.1, 8, mode="triangular2"),
    lr_scheduler.CosineAnnealingWarmRestarts(toy_optimizer(), T_0=10, T_mult=2),
    lr_scheduler.OneCycleLR(toy_optimizer(), max_lr=0.1, total_steps=40),
    lr_scheduler.SequentialLR(one, [warm_one, decay_one], milestones=[8]),
    lr_scheduler.ChainedScheduler([warm_two, decay_two]),
]
plot(rising)
plt.show()
# --8<-- [end:plot-rising-schedules]


# --8<-- [start:warm-up-then-cosine]
model = make_model()
warm_up_steps, total_steps = steps_per_epoch, 5 * steps_per_epoch
optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
warm_up = lr_scheduler.LinearLR(optimizer, 0.01, total_iters=warm_up_steps)
cosine = lr_scheduler.CosineAnnealingLR(optimizer, total_steps - warm_up_steps)
scheduler = lr_scheduler.SequentialLR(optimizer, [warm_up, cosine], [warm_up_steps])
for step in range(total_steps):
    if step % steps_per_epoch == 0:
        print(f"step {step:2}  lr {scheduler.get_last_lr()[0]:.4f}")
    train_step(model, optimizer)
    scheduler.step()  # once per batch: the counts above are in steps
print(f"lr at the end {scheduler.get_last_lr()[0]:.4f}")
# --8<-- [end:warm-up-then-cosine]


# --8<-- [start:drop-on-a-plateau]
optimizer = toy_optimizer()
scheduler = lr_scheduler.ReduceLROnPlateau(
    optimizer, factor=0.5, patience=2, min_lr=0.01
)
for val_loss in [0.9, 0.6, 0.5, 0.5, 0.5, 0.5, 0.4, 0.41, 0.42, 0.43]:
    optimizer.step()
    scheduler.step(val_loss)
    lr, bad = scheduler.get_last_lr()[0], scheduler.num_bad_epochs
    print(f"loss {val_loss}, lr {lr}, calls without progress {bad}")
# --8<-- [end:drop-on-a-plateau]


# --8<-- [start:wrong-mode]
for mode in ("min", "max"):
    optimizer = toy_optimizer()
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, mode, patience=2)
    lrs = []
    for val_accuracy in [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.92, 0.93]:  # improves
        optimizer.step()
        scheduler.step(val_accuracy)
        lrs.append(f"{scheduler.get_last_lr()[0]:g}")
    print(mode, lrs)
# --8<-- [end:wrong-mode]


# --8<-- [start:loss-taken-for-epoch]
optimizer = toy_optimizer()
scheduler = lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
optimizer.step()
scheduler.step(0.37)  # meant as a validation loss
print(f"epoch {scheduler.last_epoch}, lr {scheduler.get_last_lr()[0]:.4f}")
# --8<-- [end:loss-taken-for-epoch]


# --8<-- [start:scheduler-before-optimizer]
scheduler = lr_scheduler.StepLR(toy_optimizer(), step_size=1, gamma=0.5)
scheduler.step()  # too early: no weight has been updated at lr 0.1
print(f"lr {scheduler.get_last_lr()[0]:.2f}")
# --8<-- [end:scheduler-before-optimizer]


# --8<-- [start:range-test]
model = make_model()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
scheduler = lr_scheduler.ExponentialLR(optimizer, gamma=1.2)
losses = [train_step(model, optimizer)]
for _ in range(31):
    scheduler.step()
    losses.append(train_step(model, optimizer))

fig, ax = plt.subplots()
ax.semilogx([0.01 * 1.2**i for i in range(32)], losses, ".-")
ax.set(xlabel="learning rate of the step", ylabel="loss before the step")
plt.show()
# --8<-- [end:range-test]


# --8<-- [start:try-the-candidates]
for lr in (0.02, 0.5, 1.0, 2.0):
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = [train_step(model, optimizer) for _ in range(45)]
    last = sum(losses[-5:]) / 5
    print(f"lr {lr}: loss {last:.2f}")
# --8<-- [end:try-the-candidates]


# --8<-- [start:solution-one-cycle]
scheduler = lr_scheduler.OneCycleLR(toy_optimizer(), max_lr=0.1, total_steps=45)
lrs = trace(scheduler, steps=44)
print(f"from {lrs[0]:.4f} to {max(lrs):.4f} at step {lrs.index(max(lrs))}", end=", ")
print(f"and down to {lrs[-1]:.4f}")
try:
    trace(scheduler, steps=2)
except ValueError as error:
    print("ValueError:", error)
# --8<-- [end:solution-one-cycle]


# --8<-- [start:solution-who-changed-it]
optimizer = toy_optimizer()
group = optimizer.param_groups[0]
lr_scheduler.ReduceLROnPlateau(optimizer)
print(f"ReduceLROnPlateau {group['lr']:.4f}")
lr_scheduler.ConstantLR(optimizer)
print(f"ConstantLR {group['lr']:.4f}")
lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=50)
print(f"OneCycleLR {group['lr']:.4f}")
# --8<-- [end:solution-who-changed-it]


# --8<-- [start:solution-wrong-unit]
batches, epochs = 9, 5
for T_max in (epochs, epochs * batches):
    scheduler = lr_scheduler.CosineAnnealingLR(toy_optimizer(), T_max=T_max)
    lrs = trace(scheduler, steps=epochs * batches)
    print(f"T_max {T_max}:", [f"{lr:.3f}" for lr in lrs[4::8]])
# --8<-- [end:solution-wrong-unit]
