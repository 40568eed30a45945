"""From which torch on a block works is what the records say, and nothing that anyone typed."""

import pytest

from blocks.records.minimum_torch import page_works_from, works_from
from blocks.records.record import Record, code_hash
from blocks.run.shared.environment import Environment

KEY = "tensors/sample"


@pytest.fixture
def page(project):
    return project.page(marks={"b": "skip(reason='x', until='permanent')"}, a="x = 1", b="1 / 0", c="print(x)")


def record(page, torch, code=None, **verdicts):
    """Return a record with these verdicts, on the code as it stands or another."""
    place = Environment("cpu", "x86_64 AVX2", "", "", "", torch, "", "3.11", "Linux")
    codes = {block.name: code or code_hash(page, block) for block in page.blocks}
    entries = {name: {"code": codes[name], "verdict": verdict} for name, verdict in verdicts.items()}
    return Record(place, "2026-11-24", "", {}, {KEY: entries})


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ({"2.15.0": "passed", "2.14.1": "passed", "2.9.0": "passed"}, "2.9"),
        ({"2.15.0": "passed", "2.14.1": "failed", "2.9.0": "passed"}, "2.15"),
        ({"2.15.0": "passed", "2.14.1": "skipped: needs torchvision", "2.9.0": "passed"}, "2.9"),
        ({"2.15.0": "passed", "2.14.1": "skipped: needs torch >=2.15"}, "2.15"),
        ({"2.15.0": "failed", "2.14.1": "passed"}, ""),
        ({"2.15.0": "skipped: needs a CUDA device"}, ""),
        ({}, ""),
    ],
)
def test_oldest_without_a_failure_above(page, project, verdicts, expected):
    records = [record(page, torch, a=verdict) for torch, verdict in verdicts.items()]
    assert works_from(page, page["a"], records) == expected


def test_failure_in_one_environment_counts_for_its_torch(page, project):
    records = [
        record(page, "2.15.0", a="passed"),
        record(page, "2.11.0", a="passed"),
        record(page, "2.11.0", a="failed"),
    ]
    assert works_from(page, page["a"], records) == "2.15"


def test_other_code_says_nothing(page, project):
    records = [record(page, "2.15.0", a="passed"), record(page, "2.11.0", code="other", a="passed")]
    assert works_from(page, page["a"], records) == "2.15"


def test_page_works_from_where_its_last_block_does(page, project):
    records = [record(page, "2.15.0", a="passed", c="passed"), record(page, "2.11.0", a="passed", c="failed")]
    assert page_works_from(page, records) == "2.15"
    assert page_works_from(page, [record(page, "2.15.0", a="passed")]) == ""
