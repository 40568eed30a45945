"""Lay out a project: one config, small functions, and tests that take seconds."""

# --8<-- [start:setup]
import argparse
import json
import tempfile
from dataclasses import FrozenInstanceError, asdict, dataclass, fields, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, random_split

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:config]
@dataclass(frozen=True)
class Config:
    hidden: int = 32
    lr: float = 0.01
    batch_size: int = 64
    epochs: int = 5
    seed: int = 0


config = Config()
print(replace(config, lr=0.001))
try:
    config.lr = 0.1
except FrozenInstanceError as error:
    print("FrozenInstanceError:", error)
# --8<-- [end:config]


# --8<-- [start:command-line]
def parse(arguments=None):
    parser = argparse.ArgumentParser()
    for field in fields(Config):
        option = f"--{field.name}"
        parser.add_argument(option, type=field.type, default=field.default)
    return Config(**vars(parser.parse_args(arguments)))


print(parse(["--lr", "0.03", "--epochs", "20"]))
# --8<-- [end:command-line]


# --8<-- [start:types-that-mislead]
print("bool:", bool("False"))
print("tuple:", tuple("34"))
try:
    (int | None)("3")
except TypeError as error:
    print("int | None:", type(error).__name__)
# --8<-- [end:types-that-mislead]


# --8<-- [start:data-and-model]
def load_data():
    X, y = load_digits(return_X_y=True)
    rows = list(zip(torch.tensor(X / 16).float(), y, strict=True))
    return random_split(rows, [0.8, 0.2], torch.Generator().manual_seed(0))


def build_model(config):
    hidden = nn.Linear(64, config.hidden), nn.ReLU()
    return nn.Sequential(*hidden, nn.Linear(config.hidden, 10))


train_set, validation_set = load_data()
print(len(train_set), len(validation_set), "first:", train_set.indices[:3])
print(build_model(config))
# --8<-- [end:data-and-model]


# --8<-- [start:train-function]
def train_step(model, optimizer, x, y):
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def train(config, train_set, build=build_model):
    torch.manual_seed(config.seed)
    model = build(config).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr)
    loader = DataLoader(train_set, batch_size=config.batch_size, shuffle=True)
    for _ in range(config.epochs):
        for x, y in loader:
            train_step(model, optimizer, x.to(device), y.to(device))
    return model


# --8<-- [end:train-function]


# --8<-- [start:run]
@torch.inference_mode()
def accuracy(model, dataset):
    x, y = next(iter(DataLoader(dataset, batch_size=len(dataset))))
    y_hat = model.eval()(x.to(device)).argmax(dim=1)
    return (y_hat == y.to(device)).float().mean().item()


if __name__ == "__main__":
    model = train(parse([]), train_set)
    print(f"accuracy {accuracy(model, validation_set):.2f}")
    again = train(parse([]), train_set)
    difference = (again[0].weight - model[0].weight).abs().max().item()
    print(f"trained again: weights differ by {difference:.2f}")
# --8<-- [end:run]


# --8<-- [start:shape-test]
def test_shapes(build=build_model):
    model = build(Config()).to(device)
    for n in (1, 7):
        assert model(torch.empty(n, 64, device=device)).shape == (n, 10)


test_shapes()
# --8<-- [end:shape-test]


# --8<-- [start:overfit-test]
def test_overfits_one_batch(build=build_model, step=train_step):
    torch.manual_seed(0)
    model = build(Config()).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x, y = next(iter(DataLoader(train_set, batch_size=32)))
    for _ in range(100):
        loss = step(model, optimizer, x.to(device), y.to(device))
    assert loss < 0.05, f"loss stays at {loss:.1f}"
    print(f"{len(x)} images learned by heart, loss {loss:.3f}")


test_overfits_one_batch()
# --8<-- [end:overfit-test]


# --8<-- [start:planted-bug]
def with_softmax(config):
    return nn.Sequential(build_model(config), nn.Softmax(dim=1))


score = accuracy(train(config, train_set, with_softmax), validation_set)
print(f"accuracy {score:.2f}")
for test in (test_shapes, test_overfits_one_batch):
    try:
        test(with_softmax)
        print("passed:", test.__name__)
    except AssertionError as error:
        print("failed:", test.__name__, "-", error)
# --8<-- [end:planted-bug]


# --8<-- [start:solution-save-the-run]
def save_run(folder, config, model, scores):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(asdict(config)))
    (folder / "metrics.json").write_text(json.dumps(scores))
    torch.save(model.state_dict(), folder / "model.pt")


def load_run(folder):
    config = Config(**json.loads((folder / "config.json").read_text()))
    model = build_model(config).to(device)
    model.load_state_dict(torch.load(folder / "model.pt", map_location=device))
    return config, model


with tempfile.TemporaryDirectory() as runs:
    folder = Path(runs, "first")
    save_run(folder, config, model, {"accuracy": accuracy(model, validation_set)})
    print(sorted(path.name for path in folder.iterdir()))
    _, rebuilt = load_run(folder)
print(f"rebuilt: accuracy {accuracy(rebuilt, validation_set):.2f}")
# --8<-- [end:solution-save-the-run]


# --8<-- [start:solution-rows-stay-apart]
def test_rows_stay_apart(build=build_model):
    model = build(Config()).to(device)
    x = torch.rand(4, 64, device=device, requires_grad=True)
    model(x)[1, 0].backward()
    assert x.grad.any(dim=1).tolist() == [False, True, False, False]


test_rows_stay_apart()
try:
    test_rows_stay_apart(lambda c: nn.Sequential(build_model(c), nn.Softmax(dim=0)))
except AssertionError:
    print("softmax over dim=0 mixes the rows")
# --8<-- [end:solution-rows-stay-apart]


# --8<-- [start:solution-nothing-learned]
def broken_step(model, optimizer, x, y):
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.zero_grad()  # between backward and step
    optimizer.step()
    return loss.item()


for step in (broken_step, train_step):
    try:
        test_overfits_one_batch(step=step)
    except AssertionError as error:
        print(step.__name__, "-", error)
# --8<-- [end:solution-nothing-learned]
