"""The cells of the matrix stand in one place, agree with what is pinned, and are what the workflows run."""

import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from blocks.commands.cells import jobs
from blocks.read.page import read_page
from blocks.read.paths import find_pages
from blocks.records.matrix import PLACE, read_matrix

ROOT = Path(__file__).parents[1]
MATRIX = read_matrix(ROOT)


def pinned(package):
    """Return the version of a package in requirements.txt."""
    return re.search(rf"^{package}==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)[1]


def test_direct_dependencies_are_pinned_as_asked_for():
    asked = re.findall(r"^([\w-]+)==(\S+)", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    assert {name: pinned(name) for name, _ in asked} == dict(asked)


def test_newest_cell_is_what_is_pinned():
    newest = {(cell.torch, cell.torchvision) for cell in MATRIX.cells}
    assert (pinned("torch"), pinned("torchvision")) in newest


def test_every_system_has_oldest_and_newest_python_and_torch():
    found = Counter(cell.system for cell in MATRIX.cells if cell.device == "cpu")
    assert found == {"Linux": 4, "macOS": 4, "Windows": 4}


def test_job_of_a_cell_has_all_that_a_workflow_needs():
    first = jobs(ROOT, "cpu")[0]
    assert first.keys() == {"name", "runner", "python", "torch", "torchvision", "shard", "shards"}
    assert len({job["name"] for job in jobs(ROOT, "cpu")}) == len(MATRIX.cells) * MATRIX.shards


def test_cell_is_split_by_one_number(tmp_path):
    text = (ROOT / PLACE).read_text()
    (tmp_path / ".ci").mkdir()
    (tmp_path / PLACE).write_text(re.sub(r"^shards = \d+", "shards = 3", text, flags=re.MULTILINE))
    assert Counter(job["shard"] for job in jobs(tmp_path, "cpu")) == {1: 12, 2: 12, 3: 12}


def test_no_job_without_a_machine():
    machines = tomllib.loads((ROOT / PLACE).read_text())["cuda"]["runners"]
    assert bool(jobs(ROOT, "cuda")) == bool(machines)


def test_cells_are_printed_before_anything_is_installed():
    command = [sys.executable, "-S", "-m", "blocks", "cells", "cpu"]  # -S: the standard library alone
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == json.loads(json.dumps(jobs(ROOT, "cpu")))


def test_marks_that_leave_blocks_out_keep_to_the_budget():
    blocks = [block for path in find_pages(ROOT) for block in read_page(path, ROOT).blocks]
    left_out = [block.name for block in blocks if any(block.mark(name) for name in ("skip", "skipif", "xfail"))]
    assert len(left_out) <= MATRIX.skips * len(blocks)


@pytest.mark.parametrize("workflow", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=lambda path: path.name)
def test_workflows_name_no_version_of_a_cell(workflow):
    versions = {cell.torch for cell in MATRIX.cells} | {cell.torchvision for cell in MATRIX.cells}
    assert {version for version in versions if version in workflow.read_text()} == set()
