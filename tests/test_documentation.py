"""A name links to the page of the official documentation that describes it, or to nothing."""

import json

import pytest

from blocks.records.documentation import address, listed, look_up, read_addresses, write_addresses

STABLE = "https://docs.pytorch.org/docs/stable/"


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("torch.randn", "generated/torch.randn.html"),
        ("torch.nn.Linear", "generated/torch.nn.Linear.html"),
        ("torch.nn.Parameter", "generated/torch.nn.parameter.Parameter.html"),
        ("torch.inference_mode", "generated/torch.autograd.grad_mode.inference_mode.html"),
        ("torch.utils.data.DataLoader", "data.html#torch.utils.data.DataLoader"),
        ("torch.Tensor", "tensors.html#torch.Tensor"),
    ],
)
def test_address(name, place):
    assert address(name) == STABLE + place


def test_torchvision_has_its_own_site():
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    name = "torchvision.transforms.v2.Resize"
    assert address(name) == f"https://docs.pytorch.org/vision/stable/generated/{name}.html"


@pytest.mark.parametrize(
    "name",
    ["torch.float32", "torch.nn", "torch.relu", "torch.nothing", "torch.nothing.at.all", "torch.__version__.split"],
)
def test_what_is_not_described_has_no_address(name):
    assert address(name) == ""


def test_every_listed_name_is_written_once():
    text = listed()
    assert all(place.startswith("https://docs.pytorch.org/") and "{" not in place for place in text.values())
    assert look_up("torch.nn.Linear").__name__ == "Linear"


def test_addresses_are_recorded_for_what_is_used(project):
    project.write("docs/api.json", json.dumps({"torch.from_tomorrow": "kept", "torch.ones": "no longer used"}))
    names = [
        "torch.randn",
        "torch.relu",
        "torch.nn.Linear.forward",
        "torch.from_tomorrow",
        "numpy.ones",
        "torch.float32",
    ]
    assert write_addresses(project.root, names) == ["torch.relu"]
    assert read_addresses(project.root) == {
        "torch.from_tomorrow": "kept",
        "torch.nn.Linear": f"{STABLE}generated/torch.nn.Linear.html",
        "torch.randn": f"{STABLE}generated/torch.randn.html",
    }
