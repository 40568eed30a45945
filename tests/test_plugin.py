"""Pages as a person meets them on the command line, in a project of their own with this project's settings."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from blocks.outputs.store import read_outputs
from tests.conftest import Project, copy_settings

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[1]
SAMPLES = sorted(path for path in (ROOT / "tests/samples").iterdir() if path.is_dir())
PAGE = "docs/tensors/sample.md"


@pytest.fixture
def project(pytester, start):
    """Return a project that pytest is run in; `start` keeps one fork server for all of them."""
    copy_settings(pytester.path)
    return Project(pytester.path)


def tree(root):
    """Return every file of the project with its bytes, but for caches."""
    files = [path for path in root.rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in files if not {".pytest_cache", "__pycache__"} & set(path.parts)}


def outside(*arguments):
    """Run pytest in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_items_are_blocks_and_copies_that_are_no_prefix(pytester, project):
    project.page(setup="x = 1", other="y = 2", both="print(x + y)", one="print(x)")
    lines = pytester.runpytest("--collect-only", "-q").outlines
    names = ("setup", "other", "both", "one", "other[copy]", "one[copy]")
    assert [line for line in lines if "::" in line] == [f"{PAGE}::{name}" for name in names]


def test_tutorial_that_the_command_line_names_is_not_imported(pytester, project):
    log = project.root / "log"
    project.write("snippets/tutorials/first.py", f"# %% note\nopen({str(log)!r}, 'w').close()\n")
    lines = pytester.runpytest("--collect-only", "-q", "snippets/tutorials/first.py").outlines
    assert [line for line in lines if "::" in line] == ["snippets/tutorials/first.py::note"]
    assert not log.exists()


def test_page_runs_once_and_each_copy_alone(pytester, project):
    log = project.root / "log"
    note = "from os import system as {0}\n{0}('printf {0} >> " + str(log) + "')"
    project.page(**{name: note.format(name) for name in "abc"})
    pytester.runpytest().assert_outcomes(passed=5)
    assert log.read_text() == "abc" + "b" + "c"


def test_copies_that_begin_alike_share_a_process(pytester, project):
    log = project.root / "log"
    note = f"import os\nos.system('printf ' + n + ' >> {log}')\n"
    blocks = {
        "first": "n = 'a'",
        "other": "x = 1",
        "second": "n += 'b'",
        "third": f"{note}n += 'c'",
        "last": note,
    }
    project.page(**blocks)
    pytester.runpytest(PAGE, "-k", "copy").assert_outcomes(passed=4, deselected=5)
    assert log.read_text() == "ababc"
    log.unlink()
    project.page(**blocks | {"last": "1 / len(n[9:])"})
    pytester.runpytest(PAGE, "-k", "copy").assert_outcomes(passed=3, failed=1, deselected=5)


def test_one_block_runs_with_what_it_needs(pytester, project):
    project.page(setup="x = 1", broken="1 / 0", show="assert x == 1")
    pytester.runpytest(f"{PAGE}::show").assert_outcomes(passed=2)  # the block and its copy
    pytester.runpytest("-k", "show and not copy").assert_outcomes(passed=1, deselected=4)


def test_unknown_block_is_a_usage_error(pytester, project):
    project.page(setup="x = 1")
    assert pytester.runpytest(f"{PAGE}::nowhere").ret == pytest.ExitCode.USAGE_ERROR


def test_failure_names_both_places_and_skips_the_rest(pytester, project):
    page = project.page(setup="x = 1", wrong="y = x\nprint(y / 0)", rest="print(y)")
    result = pytester.runpytest(PAGE, "-k", "not copy")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "block 'wrong': ZeroDivisionError: division by zero",
            f"  page    {PAGE}:{page['wrong'].page_line}",
            f"  code    snippets/tensors/sample.py:{page['wrong'].line}",
            f">   {page['wrong'].line + 1:2} | print(y / 0)",
            f'  File "{page.snippet}", line {page["wrong"].line + 1}, in <module>',
            "ZeroDivisionError: division by zero",
            "SKIPPED * not run: wrong failed",
        ]
    )
    result.stdout.no_fnmatch_line("*_pytest*")


def test_other_pages_run_after_a_crash(pytester, project):
    project.page(stem="a/crash", only="import os; os._exit(0)")
    project.page(stem="b/fine", only="x = 1")
    pytester.runpytest().assert_outcomes(passed=1, failed=1)


def test_page_is_over_before_the_next_one_starts(pytester, project, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(pytester.mkdir("temporary")))
    project.page(stem="a/first", only="import subprocess; subprocess.Popen(['sleep', '60'])")
    project.page(stem="b/second", only="import os; assert len(os.listdir('../..')) == 1, os.listdir('../..')")
    pytester.runpytest().assert_outcomes(passed=2)
    assert os.listdir(tempfile.gettempdir()) == []


def test_outputs_are_checked_then_recorded_then_agree(pytester, project):
    page = project.page(setup="x = 1", show="print(x)")
    result = pytester.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*printed output differs from the record (- recorded, + printed):", "+ 1"])
    result = pytester.runpytest("--update-outputs")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["recorded again: snippets/tensors/sample.out"])
    assert page.snippet.with_suffix(".out").read_text() == "# --8<-- [start:show]\n1\n# --8<-- [end:show]\n"
    before = tree(project.root)
    pytester.runpytest().assert_outcomes(passed=2)
    result = pytester.runpytest("--update-outputs")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["recorded again: nothing"])
    assert tree(project.root) == before


def test_output_that_agrees_is_not_recorded_again(pytester, project):
    page = project.page(same="print(0.1234)", new="print(2)")
    record = "# --8<-- [start:same]\n0.1235\n# --8<-- [end:same]\n"
    page.snippet.with_suffix(".out").write_text(record)
    pytester.runpytest("--update-outputs")
    assert page.snippet.with_suffix(".out").read_text() == record + "\n# --8<-- [start:new]\n2\n# --8<-- [end:new]\n"


def test_recording_one_block_keeps_the_others(pytester, project):
    page = project.page(first="print(1)", second="print(2)")
    pytester.runpytest("--update-outputs")
    project.snippet({"first": "print(3)", "second": "print(4)"})
    pytester.runpytest("--update-outputs", f"{PAGE}::second")
    assert [line for line in page.snippet.with_suffix(".out").read_text().splitlines() if line.isdigit()] == ["1", "4"]


def test_recording_one_block_records_what_the_page_prints_not_what_its_copy_does(pytester, project):
    page = project.page(rows="rows = []", more="globals()['rows'].append(1)", shown="print(rows)", last="1 / 0")
    pytester.runpytest("--update-outputs", f"{PAGE}::shown")
    assert read_outputs(page.snippet) == {"shown": "[1]\n"}


@pytest.mark.parametrize("code", ["import torch\nprint(torch.rand(2))", "print({f'{n}' for n in range(9)})"])
def test_what_is_not_printed_again_is_not_recorded(pytester, project, code):
    page = project.page(only=code)
    result = pytester.runpytest("--update-outputs")
    result.stdout.fnmatch_lines(["  record  nothing was recorded: block 'only' prints something else each time, *"])
    assert read_outputs(page.snippet) == {}


def test_failing_block_is_why_the_others_are_not_recorded(pytester, project):
    project.page(first="print(1)", broken="raise ValueError", last="print(2)")
    result = pytester.runpytest("--update-outputs", "-k", "not copy")
    result.assert_outcomes(failed=2, skipped=1)
    result.stdout.fnmatch_lines(["  record  nothing was recorded: block 'broken' failed"])
    result.stdout.no_fnmatch_line("*if what it shows now is right*")


@pytest.mark.parametrize(
    "broken",
    [
        "1 / 0",
        "import os; os._exit(0)",
        "import warnings; warnings.warn('old')",
        "import matplotlib.pyplot as p; p.plot()",
    ],
    ids=["raises", "exits", "warns", "draws undeclared"],
)
def test_failing_page_records_nothing(pytester, project, broken):
    project.page(first="print(1)", last=broken)
    before = tree(project.root)
    assert pytester.runpytest("--update-outputs").ret == pytest.ExitCode.TESTS_FAILED
    assert tree(project.root) == before


def test_plain_run_writes_nothing(pytester, project):
    project.page(first="print(1)", last="open('left', 'w').write('x')")
    before = tree(project.root)
    pytester.runpytest()
    assert tree(project.root) == before


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_bad_input_is_one_line_and_writes_nothing(pytester, project, sample):
    shutil.copytree(sample, project.root, dirs_exist_ok=True)
    project.page(stem="other/fine", only="x = 1")
    before = tree(project.root)
    result = pytester.runpytest("--update-outputs")
    readable = len(list(project.root.glob("docs/*/*.md"))) - 1
    result.assert_outcomes(passed=readable, failed=1)
    text = result.stdout.str().replace(f"{project.root}/", "")
    assert (sample / "expected.txt").read_text() in text
    assert "Traceback" not in text
    assert tree(project.root) == before


def test_what_passes_beside_a_page_that_cannot_be_read_is_recorded(pytester, project):
    project.page(only="x = 1").path.write_text("```python\nx = 1\n```\n")
    project.page(stem="other/fine", only="x = 1")
    pytester.runpytest("--record", "--records", "records").assert_outcomes(passed=1, failed=1)
    (path,) = pytester.path.glob("records/*.json")
    assert list(json.loads(path.read_text())["blocks"]) == ["other/fine"]


def test_a_block_of_a_page_that_cannot_be_read_is_asked_for(pytester, project):
    project.page(only="x = 1").path.write_text("```python\nx = 1\n```\n")
    result = pytester.runpytest(f"{PAGE}::only")
    result.stdout.fnmatch_lines([f"*{PAGE}:1: a Python fence holds its own code.*"])
    assert result.ret != pytest.ExitCode.OK


def test_page_runs_as_a_script(pytester, project):
    copy_settings(project.root, scripts=True)
    project.page(setup="import matplotlib", figure="x = 1", show="print(2)")
    project.page(stem="a/needs-more", setup="import torch", show="print(torch.ops.torchvision)  # torchvision")
    pytester.runpytest("--update-outputs", "-k", "not copy").assert_outcomes(passed=7)
    assert "print(3)" in project.snippet({"setup": "x = 1", "figure": "y = 2", "show": "print(3)"}).read_text()
    result = pytester.runpytest(PAGE, "-k", "script")
    result.assert_outcomes(failed=1, deselected=5)
    result.stdout.fnmatch_lines(["the page's script differs in 'show': printed output differs*", "- 2", "+ 3"])


def test_script_of_a_page_is_run_without_what_cannot_run_here(pytester, project):
    copy_settings(project.root, scripts=True)
    project.page({"far": "network"}, setup="x = 1", far="x = 1 / 0", near="print(2)")
    pytester.runpytest("--update-outputs", "-k", "near or script").assert_outcomes(passed=3)
    project.page({"far": "network"}, far="x = 1 / 0")
    pytester.runpytest().stdout.fnmatch_lines(["*no block of it can run here"])


def test_record_that_cannot_be_read(pytester, project):
    project.page(only="print(1)")
    project.write("snippets/tensors/sample.out", "# --8<-- [start:only]\n1\n")
    result = pytester.runpytest()
    result.stdout.fnmatch_lines(["*sample.out:1: region 'only' is not closed. Add [[]end:only[]]."])
    result.stdout.no_fnmatch_line("*outputs.py*")


def test_copy_that_misses_something_fails_by_itself(pytester, project):
    project.page(hidden="globals()['x'] = 1", show="assert x")
    result = pytester.runpytest()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "NameError: name 'x' is not defined",
            "  without hidden",
            '*<!--pytest.mark.needs("hidden")-->',
            "FAILED docs/tensors/sample.md::show[[]copy[]]*",
        ]
    )


def test_copy_with_what_its_mark_names_passes(pytester, project):
    project.page({"load": 'needs("save")'}, save="open('x', 'w').close()", other="y = 1", load="open('x')")
    pytester.runpytest().assert_outcomes(passed=5)


def test_copy_runs_when_its_page_is_over(pytester, project):
    serve = "import socket\nport = socket.create_server(('127.0.0.1', {}))"
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    project.page(serve=serve.format(number), other="x = 1", show="print(port.fileno() > 0)")
    pytester.runpytest("--update-outputs").assert_outcomes(passed=5)
    pytester.runpytest().assert_outcomes(passed=5)


def test_skips_carry_their_reason(pytester, project):
    project.page(
        marks={"left": "skip(reason='too big', until='permanent')"},
        first="y = 1",
        left="x = 1",
        needs="print(x)",
        after="z = 1",
    )
    result = pytester.runpytest(PAGE, "-k", "left or after or needs and copy")
    result.stdout.fnmatch_lines_random(["SKIPPED * too big", "SKIPPED * needs 'left', which is not run: too big"])


def test_block_that_needs_a_gpu_is_skipped_without_one(pytester, project):
    if os.environ.get("CUDA_VISIBLE_DEVICES") != "":
        pytest.skip("this session shows its GPUs")
    project.page(marks={"only": "cuda"}, only="1 / 0")
    result = pytester.runpytest()
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED * needs a CUDA device"])


def test_header_tells_device_and_threads(pytester, project):
    project.page(only="x = 1")
    pytester.runpytest().stdout.fnmatch_lines(["blocks: device cpu, torch *, OMP_NUM_THREADS=1"])


def test_cuda_without_a_gpu_is_a_usage_error(project):
    project.page(only="x = 1")
    result = outside("--device", "cuda")
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--device cuda: torch finds no CUDA device here" in result.stderr + result.stdout
    assert "passed" not in result.stdout


def test_pages_side_by_side(project):
    project.page(stem="a/first", setup="x = 1", show="assert x")
    project.page(stem="b/second", setup="x = 2", wrong="1 / 0", rest="x = 3")
    result = outside("-n", "2", "--dist", "loadfile", "-k", "not copy")
    assert "1 failed, 3 passed, 1 skipped" in result.stdout
    assert "not run: wrong failed" in result.stdout


def test_a_block_left_out_stands_in_the_record_with_its_reason(pytester, project):
    project.page(setup="x = 1", left="y = 2", marks={"left": 'skip(reason="a disk", until="permanent")'})
    pytester.runpytest("--record", "--records", "records")
    (path,) = pytester.path.glob("records/*.json")
    verdicts = json.loads(path.read_text())["blocks"]["tensors/sample"]
    assert {name: entry["verdict"] for name, entry in verdicts.items()} == {
        "setup": "passed",
        "left": "skipped: a disk",
    }


@pytest.mark.parametrize(
    ("code", "outcomes"),
    [
        ("raise ValueError('known')", {"xfailed": 1}),
        ("x = 1", {"xpassed": 1}),
    ],
)
def test_block_that_is_expected_to_fail(project, pytester, code, outcomes):
    mark = {"only": "xfail(reason='a known fault', until='permanent', strict=False)"}
    project.page(marks=mark, only=code)
    pytester.runpytest(PAGE, "-k", "not [copy]").assert_outcomes(**outcomes)
