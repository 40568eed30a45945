"""On the simulated accelerator a page fails where something of it was left on the CPU, and no record is written."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.run.runner import Limits, Runner
from blocks.run.shared.devices import UNUSED
from simulated import build

sys.path.append(str(Path(__file__).parent / "benchmarks"))

from moves import moves

ROOT = Path(__file__).parents[1]
SETUP = """
import torch
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
"""
PROGRAM = {
    "setup": SETUP,
    "data": "x = torch.randn(8, 3).to(device)\ny = torch.tensor([0, 1] * 4).to(device, torch.int64)",
    "model": "model = nn.Linear(3, 2, device=device)\nhead = nn.Linear(\n    2, 2\n).to(device, non_blocking=True)",
    "train": "loss = nn.functional.cross_entropy(head(model(x)), y)\nloss.backward()\nprint(x.device.type)",
    "select": "mask = torch.ones(8, device=device) > 0\nprint(torch.where(mask, x[:, 0], 0.0).shape)",
}
WHY_NOT = build.missing()
here = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@pytest.fixture
def simulated(project, start, monkeypatch):
    """Return what runs a page as `--device simulated` does, and gives the reasons of its results."""
    start()
    build.library()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    def simulated(marks=None, **blocks):
        page = project.page(marks, **blocks)
        results = Runner("simulated", Limits(seconds=60)).run(page, list(page.blocks))
        return [(result.output, result.reason) for result in results]

    return simulated


def ask(*arguments):
    """Run pytest for a page of the guide on the device, and return how it ended and what it said."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--device", "simulated", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@here
def test_device_is_what_the_idiom_finds(simulated):
    assert [output for output, _ in simulated(**PROGRAM)] == ["", "", "", "simulated\n", "torch.Size([8])\n"]


@here
def test_device_is_gone_on_the_cpu(simulated, run):
    assert simulated(only=f"{SETUP}\nprint(torch.ones(1, device=device).device)") == [("simulated:0\n", "")]
    assert [result.output for result in run(only=f"{SETUP}\nprint(device)")] == ["cpu\n"]


@here
@pytest.mark.parametrize("name", ["data", "model", "select"])
def test_everything_left_on_the_cpu_is_noticed(simulated, name):
    found = moves(f"{PROGRAM[name]}\n")
    assert len(found) == PROGRAM[name].count("(device") + PROGRAM[name].count("device=")
    for mutant in found:
        reasons = [reason for _, reason in simulated(**PROGRAM | {name: mutant.code})]
        assert any(reasons), mutant.change


@here
def test_page_that_allocated_nothing_fails(simulated):
    assert simulated(setup=SETUP, use="x = torch.ones(2)  # device forgotten")[-1] == ("", UNUSED)


@here
def test_page_that_needs_cuda_to_use_its_device_need_not_allocate(project, start):
    page = project.page({"use": "cuda"}, setup=SETUP, use="torch.ones(1, device=device)", rest="print(1)")
    blocks = [block for block in page.blocks if block.name != "use"]
    build.library()
    results = Runner("simulated", Limits(seconds=60)).run(replace(page), blocks)
    assert [result.reason for result in results] == ["", ""]


@here
@pytest.mark.parametrize("option", ["--record", "--update-outputs"])
def test_nothing_is_recorded(option):
    code, said = ask(option, "docs/tensors/views.md")
    assert code == pytest.ExitCode.USAGE_ERROR and f"there is nothing to {option}" in said


def test_older_torch_is_told(monkeypatch):
    monkeypatch.setattr(build, "version", lambda name: "2.14.1+cpu")
    with pytest.raises(LookupError, match=r"made for torch 2\.15 and newer, and this is torch 2\.14\.1\+cpu"):
        build.library()


@pytest.mark.skipif(bool(WHY_NOT) and "compiler" not in WHY_NOT, reason=WHY_NOT)
def test_missing_compiler_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "CACHE", tmp_path)
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(LookupError, match=r"no C\+\+ compiler here \('no-such-compiler'\): install g\+\+, or set CXX"):
        build.library()


@here
def test_two_that_ask_at_once_compile_once(monkeypatch, tmp_path):
    compiler, log = tmp_path / "compiler", tmp_path / "log"
    compiler.write_text(f'#!/bin/sh\necho once >> {log}\nwhile [ "$1" != -o ]; do shift; done\necho library > "$2"\n')
    compiler.chmod(0o755)
    monkeypatch.setattr(build, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("CXX", os.fspath(compiler))
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: build.library(), range(2))
    assert first == second and first.read_text() == "library\n" and log.read_text() == "once\n"


@here
def test_what_does_not_compile_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "CACHE", tmp_path)
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(LookupError, match="it does not compile\n"):
        build.library()
    assert not build.library_path().exists()
