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
    print("between 0.9 and 1:", 0.9 < accuracy(model, validation_set) < 1)
    again = train(parse([]), train_set)
    same = torch.allclose(again[0].weight, model[0].weight, atol=1e-3)
    print("the same a second time:", same)
# --8<-- [end:run]


# --8<-- [start:shape-test]
def test_shapes(build=build_model):
    model = build(Config()).to(device)
    for n in (1, 7):
        assert model(torch.empty(n, 64, device=device)).shape == (n, 10)


test_shapes()
# --8<-- [end:shape-test]


# --8<-- [start:overfit-test]
def test_overfits_one_batch(build=build_model):
    torch.manual_seed(0)
    model = build(Config()).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x, y = next(iter(DataLoader(train_set, batch_size=32)))
    for _ in range(100):
        loss = train_step(model, optimizer, x.to(device), y.to(device))
    assert loss < 0.05, f"loss stays at {loss:.1f}"
    print(f"learned {len(x)} images by heart")


test_overfits_one_batch()
# --8<-- [end:overfit-test]


# --8<-- [start:planted-bug]
def with_softmax(config):
    return nn.Sequential(build_model(config), nn.Softmax(dim=1))


score = accuracy(train(config, train_set, with_softmax), validation_set)
print("trained, between 0.8 and 1:", 0.8 < score < 1)
for test in (test_shapes, test_overfits_one_batch):
    try:
        test(with_softmax)
        print("passed:", test.__name__)
    except AssertionError as error:
        print("failed:", test.__name__, "-", error)
# --8<-- [end:planted-bug]


# --8<-- [start:solution-save-the-run]
with tempfile.TemporaryDirectory() as folder:
    options, weights = Path(folder) / "config.json", Path(folder) / "model.pt"
    options.write_text(json.dumps(asdict(config)))
    torch.save(model.state_dict(), weights)
    print(sorted(path.name for path in Path(folder).iterdir()))
    rebuilt = build_model(Config(**json.loads(options.read_text()))).to(device)
    rebuilt.load_state_dict(torch.load(weights, map_location=device))
print(accuracy(rebuilt, validation_set) == accuracy(model, validation_set))
# --8<-- [end:solution-save-the-run]


# --8<-- [start:solution-rows-stay-apart]
def test_rows_stay_apart(build=build_model):
    model = build(Config()).to(device)
    x = torch.zeros(4, 64, device=device, requires_grad=True)
    model(x)[1, 0].backward()
    assert x.grad.any(dim=1).tolist() == [False, True, False, False]


test_rows_stay_apart()
try:
    test_rows_stay_apart(lambda c: nn.Sequential(build_model(c), nn.Softmax(dim=0)))
except AssertionError:
    print("softmax over dim=0 mixes the rows")
# --8<-- [end:solution-rows-stay-apart]
