"""A block is left out only where one of its marks says so, with that reason."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.errors import BadInput
from blocks.read.marks import read_mark
from blocks.read.page import Block, read_page
from blocks.run import skip_conditions

PAGE = Path("docs/page.md")


def block(*marks: str) -> Block:
    return Block("only", "python", "", 3, PAGE, 1, tuple(read_mark(f"pytest.mark.{mark}", PAGE, 3) for mark in marks))


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    monkeypatch.setattr(skip_conditions, "version", lambda name: {"torch": "2.15.0+cu130"}[name])


@pytest.mark.parametrize(
    ("mark", "gpus", "reason"),
    [
        ("skip(reason='why', until='permanent')", 0, "why"),
        ("skip(reason='why', until='permanent')", 8, "why"),
        ("skipif(True, reason='why', until='permanent')", 0, "why"),
        ("skipif(False, reason='why', until='permanent')", 0, ""),
        ("cuda", 0, "needs a CUDA device"),
        ("cuda", 1, ""),
        ("multi_gpu", 1, "needs 2 CUDA devices"),
        ("multi_gpu", 2, ""),
        ("network", 0, "needs the network"),
        ("torch('>=2.16')", 0, "needs torch >=2.16"),
        ("torch('>=2.13')", 0, ""),
        ("torch('==2.15.*')", 0, ""),
        ("torch('<2.15')", 0, "needs torch <2.15"),
        ("slow(9, reason='why')", 0, ""),
        ("raises(ValueError)", 0, ""),
    ],
)
def test_why_not(mark, gpus, reason):
    assert skip_conditions.why_not(block(mark), gpus) == reason


@pytest.mark.parametrize("code", ["import torchvision", "    from torchvision.models import x"])
@pytest.mark.parametrize("found", [None, object()])
def test_sister_package_may_be_missing(monkeypatch, code, found):
    monkeypatch.setattr(skip_conditions, "find_spec", lambda name: found)
    expected = "" if found else "needs torchvision"
    assert skip_conditions.why_not(replace(block(), code=f"{code}\n"), 0) == expected


def test_block_is_not_run_without_what_it_needs():
    setup, last = replace(block("cuda"), name="setup"), block()
    assert skip_conditions.why_no_program([setup, last], 0) == "needs 'setup', which is not run: needs a CUDA device"
    assert skip_conditions.why_no_program([setup, last], 1) == ""
    assert skip_conditions.why_no_program([last, block("torch('<2')")], 0) == "needs torch <2"


def test_unmarked_block_runs():
    assert skip_conditions.why_not(block(), 0) == ""


def test_first_reason_is_given():
    assert (
        skip_conditions.why_not(block("slow(9, reason='why')", "cuda", "skip(reason='why', until='permanent')"), 0)
        == "needs a CUDA device"
    )


def test_network_on_request():
    assert skip_conditions.why_not(block("network"), 0, network=True) == ""


def test_nightly_counts_as_its_release(monkeypatch):
    monkeypatch.setattr(skip_conditions, "version", lambda name: "2.16.0.dev20261101+cpu")
    assert skip_conditions.why_not(block("torch('>=2.15')"), 0) == ""


@pytest.mark.parametrize("mark", ["torch('new')", "torch"])
def test_versions_that_cannot_be_read(mark):
    with pytest.raises(BadInput, match=r"^docs/page.md:3: "):
        skip_conditions.why_not(block(mark), 0)


def test_a_page_says_which_packages_it_needs(project):
    text = "---\npackages: [torch, nowhere-to-be-found]\n---\n\n# X\n"
    page = read_page(project.write("docs/x.md", text), project.root)
    assert skip_conditions.why_no_page(page, "cpu") == "needs nowhere-to-be-found, which is not installed"


def test_a_page_may_be_for_some_systems(project):
    text = "---\nsystems: [Windows, BeOS]\n---\n\n# X\n"
    page = read_page(project.write("docs/x.md", text), project.root)
    expected = "" if sys.platform == "win32" else "needs Windows or BeOS"
    assert skip_conditions.why_no_page(page, "cpu") == expected


def test_a_page_may_be_for_some_devices(project):
    text = "---\ndevices: [cpu, cuda]\n---\n\n# X\n"
    page = read_page(project.write("docs/x.md", text), project.root)
    assert skip_conditions.why_no_page(page, "cuda") == ""
    assert skip_conditions.why_no_page(page, "simulated") == "runs on cpu and cuda only"
