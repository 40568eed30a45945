"""Warnings that are not held against blocks: a sorted, dated list, in which what can be tried here is still needed."""

import re
import warnings
from datetime import date

import pytest

from blocks.run.child.sandbox import STRICT
from blocks.run.shared.exemptions import EXEMPTIONS

FORWARD_MODE = "import torch\nprint(torch.func.jacfwd(torch.sin)(torch.zeros(2)).tolist())"


def test_list_is_sorted_and_names_nothing_twice():
    names = [exemption.name for exemption in EXEMPTIONS]
    assert names == sorted(set(names))


@pytest.mark.parametrize("exemption", EXEMPTIONS, ids=lambda exemption: exemption.name)
def test_exemption_is_dated_and_never_a_blocks_own(exemption):
    day, _, seen = exemption.since.partition(", ")
    assert date.fromisoformat(day) <= date.today() and re.fullmatch(r"torch \d+\.\d+\.\d+", seen)
    assert exemption.category in STRICT and exemption.reason
    assert not re.match(exemption.module, "__main__")


def test_forward_mode_still_needs_its_exemption(run):
    """Without it the same block fails, so the day that torch stops warning this test says so."""
    (fine,) = run(only=FORWARD_MODE)
    (strict,) = run(only=f"import warnings\nwarnings.simplefilter('error')\n{FORWARD_MODE}")
    assert (fine.outcome, "torch.jit.script" in strict.reason) == ("passed", True)


def test_messages_are_patterns():
    with warnings.catch_warnings():
        for exemption in EXEMPTIONS:
            warnings.filterwarnings("ignore", exemption.message, exemption.category, exemption.module)


def test_workers_beyond_the_cores_of_this_machine_are_no_fault(run):
    (fine,) = run(only="from torch.utils.data import DataLoader\nDataLoader(range(4), num_workers=10_000)")
    assert (fine.outcome, fine.reason) == ("passed", "")
