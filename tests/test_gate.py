"""Nothing is published unless every cell has a record, of exactly this code, in which every block passed."""

import subprocess
from argparse import Namespace
from dataclasses import asdict, replace

import pytest

from blocks.commands import gate as command
from blocks.errors import BadInput
from blocks.outputs.store import write_outputs
from blocks.read.page import read_page
from blocks.records.gate import faults, merged, refusals
from blocks.records.matrix import PLACE
from blocks.records.record import Record, code_hash, head, output_hash, read_record, save, standing
from blocks.run.shared.environment import Environment

MATRIX = """\
skips = 0.25
shards = 1
[cpu]
runners = {Linux = ["ubuntu"], Windows = ["windows"]}
python = ["3.11"]
torch = {"2.15.0" = "0.29.2"}
[cuda]
runners = {}
python = []
torch = {}
"""
LINUX = Environment("cpu", "x86_64 AVX2", "", "", "", "2.15.0", "0.29.2", "3.11", "Linux")
WINDOWS = replace(LINUX, system="Windows")
KEY = "tensors/sample"


def git(root, *arguments):
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", "-C", root, *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def page(project):
    project.write(str(PLACE), MATRIX)
    page = project.page(a="x = 1", b="print(x)", c="y = 1", d="print(y)")
    git(project.root, "init", "-q")
    git(project.root, "add", ".")
    git(project.root, "commit", "-qm", "first")
    return page


@pytest.fixture
def records(project, page):
    """Return a record for each cell, in which every block passed."""
    entries = {block.name: {"code": code_hash(page, block), "verdict": "passed"} for block in page.blocks}
    return [
        Record(place, "2026-11-24", head(project.root / "records"), {KEY: 1}, {KEY: entries})
        for place in (LINUX, WINDOWS)
    ]


@pytest.fixture
def judge(project, page, tmp_path_factory, capsys):
    """Return what runs `gate` over records and gives its exit code and what it says."""

    def judge(records, into=None):
        folder = tmp_path_factory.mktemp("records")
        for number, record in enumerate(records):
            save(folder / str(number), record)
        code = command.run(project.root, Namespace(records=[folder], into=into))
        return code, capsys.readouterr().out

    return judge


def with_entry(record, name, **entry):
    """Return the record with one block's entry changed."""
    entries = record.blocks[KEY]
    return replace(record, blocks={KEY: entries | {name: entries[name] | entry}})


def test_all_cells_green_publish(judge, records, tmp_path):
    code, said = judge(records, tmp_path / "site-records")
    assert code == 0
    assert said.endswith("Publish: 4 of 4 blocks passed in 2 environments.\n")
    assert [read_record(path) for path in sorted((tmp_path / "site-records").iterdir())] == records


def test_missing_cell_refuses(judge, records, tmp_path):
    code, said = judge(records[:1], tmp_path / "site-records")
    assert (code, said) == (1, "Do not publish:\n- no record of the cell cpu, Windows, Python 3.11, torch 2.15.0\n")
    assert not (tmp_path / "site-records").exists()


def test_record_of_another_torchvision_is_not_the_cells(judge, records):
    other = replace(records[1], environment=replace(WINDOWS, torchvision="0.29.1"))
    assert "no record of the cell cpu, Windows" in judge([records[0], other])[1]


def test_stale_hash_refuses(judge, records):
    code, said = judge([records[0], with_entry(records[1], "b", code="0" * 16)])
    assert (code, "Windows: 1 has changed since: tensors/sample::b" in said) == (1, True)


def test_failing_block_refuses(judge, records):
    code, said = judge([records[0], with_entry(records[1], "c", verdict="failed")])
    assert (code, "Windows: 1 failed: tensors/sample::c" in said) == (1, True)


def test_failing_block_refuses_outside_the_cells_too(judge, records):
    nightly = replace(with_entry(records[0], "c", verdict="failed"), environment=replace(LINUX, torch="2.16.0"))
    assert judge([*records, nightly])[0] == 1


def test_block_without_a_verdict_refuses(judge, records):
    code, said = judge([records[0], replace(records[1], blocks={})])
    assert (code, "Windows: 4 has not run: tensors/sample::a, " in said) == (1, True)


def test_skips_within_the_budget_publish(judge, records):
    assert judge([records[0], with_entry(records[1], "c", verdict="skipped: too big")])[0] == 0


def test_skips_over_budget_refuse(judge, records):
    over = with_entry(with_entry(records[1], "c", verdict="skipped: too big"), "d", verdict="skipped: too big")
    code, said = judge([records[0], over])
    assert (code, "Windows: 2 of 4 blocks left out, more than 25%" in said) == (1, True)


def test_blocks_for_a_gpu_are_in_no_budget_of_a_cpu(records, project):
    page = project.page({"c": "cuda", "d": "multi_gpu"}, a="x = 1", b="print(x)", c="y = 1", d="print(y)")
    entries = {block.name: {"code": code_hash(page, block), "verdict": "passed"} for block in page.blocks}
    for name in "cd":
        entries[name]["verdict"] = "skipped: needs a CUDA device"
    record = replace(records[0], blocks={KEY: entries})
    gpu = replace(record, environment=replace(LINUX, device="cuda", name="H100"))
    said = [[*faults(place, [page], 0.25)] for place in (record, gpu)]
    assert said == [[], ["2 of 4 blocks left out, more than 25%"]]


@pytest.mark.parametrize("commit", ["", "0" * 40])
def test_where_a_record_was_made_does_not_matter(judge, records, commit):
    assert judge([records[0], replace(records[1], commit=commit)])[0] == 0


def test_record_made_against_another_output_refuses(judge, records, project, page):
    write_outputs(page.snippet, {"b": "1\n"})
    before = [with_entry(record, "b", output=output_hash("1\n")) for record in records]
    assert judge(before)[0] == 0
    write_outputs(page.snippet, {"b": "2\n"})
    code, said = judge(before)
    assert (code, "Windows: 1 has changed since: tensors/sample::b" in said) == (1, True)
    write_outputs(page.snippet, {"b": "2\n"}, "cuda")
    assert judge([with_entry(record, "b", output=output_hash("2\n")) for record in records])[0] == 0


def test_what_no_cell_asks_for_may_be_old(judge, records):
    old = replace(with_entry(records[0], "b", code="0" * 16), environment=replace(LINUX, device="cuda", name="H100"))
    assert judge([*records, old])[0] == 0
    assert judge([*records, with_entry(old, "c", verdict="failed")])[0] == 1


def test_many_blocks_are_named_in_part(records, project, page):
    many = replace(page, blocks=tuple(replace(page.blocks[0], name=f"block-{n}") for n in range(12)))
    _, said = refusals(records[:1], [many], matrix(project))
    assert "12 has not run" in said and said.endswith(" and 2 more")


def matrix(project):
    return command.read_matrix(project.root)


@pytest.mark.parametrize(("verdicts", "expected"), [(("passed", "failed"), "failed"), (("failed", "passed"), "failed")])
def test_parts_of_a_cell_are_one_record(records, verdicts, expected):
    first, second = (with_entry(records[0], "a", verdict=verdict) for verdict in verdicts)
    only = {KEY: {"b": records[0].blocks[KEY]["b"]}}
    (whole,) = merged([first, replace(records[0], blocks=only), second])
    assert whole.blocks[KEY].keys() == {"a", "b", "c", "d"}
    assert (whole.blocks[KEY]["a"]["verdict"], whole.seconds) == (expected, {KEY: 3})


def test_parts_of_other_environments_stay_apart(records):
    assert len(merged([*records, replace(records[0], commit="other")])) == 3


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"environment": {}}'])
def test_file_that_is_no_record_is_refused(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(BadInput, match="no record"):
        read_record(path)


def test_place_that_does_not_exist_is_refused(project, page, tmp_path):
    with pytest.raises(BadInput, match="no such file or folder"):
        command.run(project.root, Namespace(records=[tmp_path / "nowhere"], into=None))


def test_record_reads_back_as_written(records, tmp_path):
    assert asdict(read_record(save(tmp_path, records[0]))) == asdict(records[0])


def test_verdict_on_another_output_stands_no_longer(records, project, page):
    assert standing(records[0], [page]).blocks == records[0].blocks
    project.write("snippets/tensors/sample.out", "# --8<-- [start:b]\nelse\n# --8<-- [end:b]\n")
    left = standing(with_entry(records[0], "b", output="0" * 16), [page])
    assert left.blocks[KEY].keys() == {"a", "c", "d"}


def test_blocks_of_a_page_for_other_systems_may_be_left_out(project, page, records):
    key = page.path.relative_to(project.root)
    text = page.path.read_text()
    project.write(str(key), f"---\nsystems: [Linux]\n---\n\n{text}")
    again = read_page(page.path, project.root)
    skipped = {name: entry | {"verdict": "skipped: needs Linux"} for name, entry in records[1].blocks[KEY].items()}
    elsewhere = replace(records[1], blocks={KEY: skipped})
    assert list(faults(elsewhere, [again], 0.25)) == []
    assert list(faults(elsewhere, [page], 0.25)) == ["4 of 4 blocks left out, more than 25%"]
