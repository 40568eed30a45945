"""On the CPU no accelerator is seen; on CUDA a page that asks for the accelerator must have used its memory.

There may be no GPU here, so a block stands in for CUDA's own counter: it says that memory was allocated.
"""

import os
from types import SimpleNamespace

import pytest
import torch

from blocks.run.runner import Limits, Runner
from blocks.run.shared import devices
from blocks.run.skip_conditions import must_allocate

SETUP = """
import torch

accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
"""
COUNTER = """
torch.cuda.is_initialized = lambda: True
torch.cuda.device_count = lambda: 2
torch.cuda.memory_stats = lambda index: {{"allocation.all.allocated": {count} * index}}
"""
USE = "x = torch.ones(2, device=device)"


@pytest.fixture
def on_cuda(project, start, monkeypatch):
    """Return what runs a page, or some blocks of it, as `--device cuda` does, and gives the reasons of its results."""
    start()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", os.environ.get("CUDA_VISIBLE_DEVICES", ""))

    def on_cuda(only=None, marks=None, **blocks):
        page = project.page(marks, setup=SETUP, **blocks)
        chosen = [block for block in page.blocks if only is None or block.name in only]
        return [result.reason for result in Runner("cuda", Limits(seconds=20)).run(page, chosen)]

    return on_cuda


def test_page_that_allocated_nothing_fails_in_its_last_block(on_cuda):
    assert on_cuda(counter=COUNTER.format(count=0), use=USE) == ["", "", devices.UNUSED]


def test_page_that_allocated_passes(on_cuda):
    assert on_cuda(counter=COUNTER.format(count=1), use=USE) == ["", "", ""]


def test_page_that_never_touched_cuda_fails(on_cuda):
    assert on_cuda(use="x = torch.ones(2)  # device forgotten")[-1] == devices.UNUSED


def test_another_failure_is_told_first(on_cuda):
    assert "ZeroDivisionError" in on_cuda(use=f"{USE}\n1 / 0")[-1]


def test_part_of_a_page_need_not_allocate(on_cuda):
    assert on_cuda(only=["setup"], use=USE) == [""]


def test_block_that_may_be_left_out_is_not_waited_for(on_cuda):
    parts = {"use": USE, "peers": "torch.ones(2, device=device)"}
    assert on_cuda(only=["setup", "use"], marks={"peers": "multi_gpu"}, **parts)[-1] == devices.UNUSED


def test_page_without_the_idiom_need_not_allocate(project, start):
    page = project.page(only="print(1)")
    assert must_allocate(page, list(page.blocks)) is False


def test_first_touch_of_cuda_is_the_childs(run):
    (result,) = run(only="import torch\nprint(torch.cuda.is_initialized(), torch.cuda._is_in_bad_fork())")
    assert result.output == "False False\n"


def test_cpu_sees_no_accelerator(run):
    (result,) = run(only=SETUP + "print(device, torch.cuda.device_count(), torch.accelerator.is_available())")
    assert (result.output, result.reason) == ("cpu 0 False\n", "")


@pytest.mark.parametrize("kind", ["mps", "xpu"])
def test_accelerator_that_no_variable_hides(monkeypatch, kind):
    """As on a Mac: torch is built for it and it is there, until it is hidden."""
    module = SimpleNamespace(is_available=lambda: True)
    monkeypatch.setattr(torch._C, "_accelerator_getAccelerator", lambda: torch.device(kind))
    monkeypatch.setattr(torch, "get_device_module", lambda device: module)
    assert torch.accelerator.current_accelerator(check_available=True) == torch.device(kind)
    devices.hide_accelerators()
    assert torch.accelerator.current_accelerator(check_available=True) is None
