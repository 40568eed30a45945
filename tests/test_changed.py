"""`--changed` runs a page again after any change that could change its verdict, and only then."""

import datetime
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from blocks.records import fingerprint
from tests.conftest import Project, copy_settings

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[1]
PAGE, OTHER = "docs/tensors/sample.md", "docs/tensors/other.md"
READS = """
import sys
import tempfile
from pathlib import Path

here = Path(__file__).parent
sys.path.insert(0, str(here))
import helper

assert (here / "data.txt").read_text() == "1"
assert helper.VALUE == 1
assert not (here / "missing.txt").exists() and not list(here.glob("more-*"))
try:
    open(here / "optional.txt")
except FileNotFoundError:
    pass
else:
    raise AssertionError
"""
WORKER = """
import os
if not (child := os.fork()):
    open(__file__.replace("sample.py", "worker.txt"))
    os._exit(0)
os.waitpid(child, 0)
"""
DRAWS = "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()"


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    return tmp_path_factory.mktemp("template") / "project"


@pytest.fixture
def project(pytester, start, template):
    """Return a project with two pages that have passed; they pass once, and each test has a copy."""
    if not template.exists():
        write_project(Project(pytester.path))
        pytester.runpytest("--update-outputs", "-q")
        pytester.runpytest("-q").assert_outcomes(passed=10, skipped=2)
        shutil.copytree(pytester.path, template)
    shutil.copytree(template, pytester.path, dirs_exist_ok=True)
    return Project(pytester.path)


def write_project(project):
    copy_settings(project.root)
    project.write("snippets/tensors/data.txt", "1")
    project.write("snippets/tensors/worker.txt", "1")
    project.write("snippets/tensors/helper.py", "VALUE = 1\n")
    project.write("docs/tensors/about.md", "# About\n")
    project.write("blocks/tool.py", "")
    project.write("plugin/items.py", "")
    project.page(stem="tensors/other", only="x = 1")
    marks = {"draws": "figure(alt='a line')", "left": "skip(reason='long', until='2999-01-01')"}
    project.page(marks, setup="x = 1", reads=READS, worker=WORKER, draws=DRAWS, shows="print(x)", left="1 / 0")


def changed(pytester, *arguments):
    """Return the pages that a run of what has changed collects."""
    lines = pytester.runpytest("--changed", "--collect-only", "-q", *arguments).outlines
    return {line.partition("::")[0] for line in lines if "::" in line}


def replace(path, old, new):
    """Return a change that replaces text in a file of the project."""

    def change(project, monkeypatch):
        text = (project.root / path).read_text()
        assert old in text
        project.write(path, text.replace(old, new))

    return change


def set_to(owner, name, value):
    """Return a change of what the session finds installed, on the machine, or in the calendar."""
    return lambda project, monkeypatch: monkeypatch.setattr(owner, name, value)


OWN = {
    "page": replace(PAGE, "# Sample", "# Title"),
    "mark": replace(PAGE, "a line", "a curve"),
    "snippet": replace("snippets/tensors/sample.py", "x = 1", "x = 2"),
    "output": replace("snippets/tensors/sample.out", "1\n", "2\n"),
    "variant of the output": lambda project, _: project.write("snippets/tensors/sample.cuda.out", ""),
    "figure": replace("docs/assets/figures/tensors/sample/draws.svg", "<svg", "<svg "),
    "stray figure": lambda project, _: project.write("docs/assets/figures/tensors/sample/shows.svg", "<svg/>"),
    "data file": replace("snippets/tensors/data.txt", "1", "2"),
    "data file that a worker reads": replace("snippets/tensors/worker.txt", "1", "2"),
    "data file is gone": lambda project, _: (project.root / "snippets/tensors/data.txt").unlink(),
    "file that was missing": lambda project, _: project.write("snippets/tensors/optional.txt", ""),
    "file in a folder that it lists": lambda project, _: project.write("snippets/tensors/more-data.txt", ""),
    "helper": replace("snippets/tensors/helper.py", "1", "2"),
}
SHARED = {
    "tooling": replace("blocks/tool.py", "", "x = 1"),
    "plugin": replace("plugin/items.py", "", "x = 1"),
    "settings": replace("pyproject.toml", "[tool.ruff]", "[tool.ruff]\nfix = true"),
    "installed version": set_to(fingerprint, "installed", lambda: ["torch-9.0.dist-info"]),
    "python": set_to(sys, "version", "4.0"),
    "processor": set_to(fingerprint, "machine", lambda: ["another"]),
    "environment variable": lambda _, monkeypatch: monkeypatch.setenv("TORCH_LOGS", "all"),
}


def test_nothing_to_run(pytester, project):
    result = pytester.runpytest("--changed")
    assert result.ret == 0
    assert result.outlines == ["nothing to run: 3 pages passed here as they are now"]


@pytest.mark.parametrize("change", OWN.values(), ids=OWN)
def test_change_of_one_page_runs_it_alone(pytester, project, monkeypatch, change):
    change(project, monkeypatch)
    assert changed(pytester) == {PAGE}


@pytest.mark.parametrize("change", SHARED.values(), ids=SHARED)
def test_change_of_what_pages_share_runs_all(pytester, project, monkeypatch, change):
    change(project, monkeypatch)
    assert changed(pytester) == {PAGE, OTHER}


@pytest.mark.parametrize("option", [("--network",), ("-o", "block_seconds=7")], ids=str)
def test_another_option_runs_all(pytester, project, option):
    assert changed(pytester, *option) == {PAGE, OTHER}


class Later(datetime.date):
    """A calendar in which every mark has expired."""

    @classmethod
    def today(cls):
        return cls(2999, 1, 2)


def test_page_runs_again_when_a_mark_has_expired(pytester, project, monkeypatch):
    monkeypatch.setattr(datetime, "date", Later)
    result = pytester.runpytest("--changed")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*expired on 2999-01-01*"])


def test_page_without_blocks(pytester, project):
    project.write("docs/tensors/about.md", "# Another\n")
    assert pytester.runpytest("--changed").ret == 0
    assert pytester.runpytest("--changed").outlines[0].startswith("nothing to run")


def test_same_contents_run_nothing(pytester, project):
    text = (project.root / PAGE).read_text()
    project.write(PAGE, text + " ")
    project.write(PAGE, text)
    project.write("snippets/elsewhere/more.txt", "1")
    assert changed(pytester) == set()


def test_times_and_places_do_not_matter(pytester, project, monkeypatch):
    moved = project.root.with_name("moved")
    shutil.copytree(project.root, moved, copy_function=shutil.copyfile)
    monkeypatch.chdir(moved)
    assert pytester.runpytest("--changed").outlines == ["nothing to run: 3 pages passed here as they are now"]


def test_arguments_choose_among_the_changed(pytester, project):
    project.page(stem="tensors/other", only="x = 2")
    assert changed(pytester, PAGE) == set()
    assert changed(pytester, "docs/tensors") == {OTHER}
    assert pytester.runpytest("--changed", "docs/gone.md").ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize("broken", ["1 / 0", "import os; os._exit(0)", "print(2)"], ids=str)
def test_page_that_fails_is_not_remembered(pytester, project, broken):
    project.page(stem="tensors/other", only="x = 1", wrong=broken)
    assert pytester.runpytest("--changed").ret == pytest.ExitCode.TESTS_FAILED
    assert changed(pytester) == {OTHER}


def test_page_whose_copy_fails_is_not_remembered(pytester, project):
    project.page(stem="tensors/other", hidden="globals()['x'] = 1", show="assert x")
    pytester.runpytest("--changed").assert_outcomes(passed=2, failed=1)
    assert changed(pytester) == {OTHER}


def test_page_is_remembered_when_all_of_it_passed(pytester, project):
    project.page(stem="tensors/other", first="x = 1", second="y = 2")
    pytester.runpytest("--changed", "-k", "not copy").assert_outcomes(passed=2, deselected=1)
    assert changed(pytester) == {OTHER}
    pytester.runpytest("--changed").assert_outcomes(passed=3)
    assert changed(pytester) == set()


def test_page_that_changes_while_it_runs_is_not_remembered(pytester, project):
    code = "from pathlib import Path\npath = Path(__file__).with_name('data.txt')\npath.write_text(path.read_text())"
    project.page(stem="tensors/other", only=code)
    pytester.runpytest("--changed").assert_outcomes(passed=1)
    assert OTHER in changed(pytester)


def test_page_that_fails_later_is_forgotten(pytester, project):
    project.page(stem="tensors/other", only=f"import os\nassert not os.path.exists({str(project.root / 'flag')!r})")
    pytester.runpytest(OTHER).assert_outcomes(passed=1)
    (project.root / "flag").mkdir()
    pytester.runpytest(OTHER).assert_outcomes(failed=1)
    (project.root / "flag").rmdir()
    assert OTHER in changed(pytester)


def test_memory_that_cannot_be_read_is_none(pytester, project):
    for path in (project.root / ".pytest_cache").rglob("other.md.json"):
        path.write_text('{"inputs"')
    assert changed(pytester) == {OTHER}


def test_no_cache_is_a_usage_error(pytester, project):
    assert pytester.runpytest("--changed", "-p", "no:cacheprovider").ret == pytest.ExitCode.USAGE_ERROR
    assert changed(pytester, "--cache-clear") == {PAGE, OTHER}


def outside(*command):
    """Run Python in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HOME": tempfile.gettempdir()}  # pytester's is the project
    return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, timeout=60)


def test_pages_side_by_side_are_remembered(pytester, project):
    assert "10 passed" in outside("-m", "pytest", "-n", "2", "--cache-clear").stdout
    project.page(stem="tensors/other", only="x = 2")
    done = outside("-m", "pytest", "--changed", "-n", "2")
    assert "1 passed" in done.stdout and "1 of 3 pages changed" in done.stdout
    assert outside("-m", "pytest", "--changed", "-n", "2").stdout.startswith("nothing to run: 3 pages")


def test_part_of_a_page_is_not_remembered_as_the_page(pytester, project):
    done = outside("-m", "pytest", "--cache-clear", "--splits", "2", "--group", "2", PAGE)
    assert " passed" in done.stdout and " failed" not in done.stdout
    assert changed(pytester) == {PAGE, OTHER}
    done = outside("-m", "pytest", "--changed", "--splits", "2", "--group", "1")
    assert "2 of 3 pages changed" in done.stdout
    assert PAGE in changed(pytester)


def test_nothing_to_run_imports_little(pytester, project):
    outside("-m", "pytest", "-q")  # this session's import path is not a new one's
    big = {"torch", "mkdocs", "hypothesis", "jupytext", "numpy", "matplotlib", "tests.test_changed"}
    code = f"import pytest, sys; print(pytest.main(['--changed']), {big} & set(sys.modules))"
    assert outside("-c", code).stdout.splitlines()[-1] == "0 set()"
