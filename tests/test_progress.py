"""The progress line counts what is done, and estimates the rest by recorded seconds, or else by what has passed."""

from types import SimpleNamespace

import pytest

from plugin.progress import Progress, recorded

IDS = ["docs/a.md::one", "docs/a.md::two", "docs/b.md::one", "tests/test_x.py::test"]


@pytest.fixture
def progress(pytestconfig, monkeypatch):
    progress = Progress(pytestconfig)
    progress.seconds = {}
    progress.told = float("inf")
    progress.begin(IDS)
    return progress


def test_estimate_from_what_has_passed(progress):
    progress.pytest_runtest_logfinish(IDS[0])
    progress.pytest_runtest_logfinish(IDS[1])
    assert progress.line(60) == "  1 of 3 pages and files, 2 of 4 blocks and tests; about 1 min 00 s left"


def test_estimate_from_recorded_seconds(progress):
    progress.seconds = {"docs/a.md": 1.0, "docs/b.md": 10.0, "tests/test_x.py": 9.0}
    progress.pytest_runtest_logfinish(IDS[0])
    progress.pytest_runtest_logfinish(IDS[1])
    assert progress.line(1).endswith("about 19 s left")
    assert progress.line(2).endswith("about 21 s left")  # one second late is no reason to double what is recorded


def test_estimate_follows_a_machine_of_half_the_pace(progress):
    progress.seconds = {"docs/a.md": 1000.0, "docs/b.md": 10.0, "tests/test_x.py": 10.0}
    progress.pytest_runtest_logfinish(IDS[0])
    progress.pytest_runtest_logfinish(IDS[1])
    assert progress.line(2000).endswith("about 40 s left")


def test_clock_starts_with_the_first_item(progress):
    progress.started = -1e9
    progress.pytest_runtest_logstart()
    started = progress.started
    progress.pytest_runtest_logstart()
    assert progress.started == started > 0


def test_records_hold_seconds_by_page(project):
    project.write("docs/records/cpu.json", '{"seconds": {"a": 3}}')
    assert recorded(project.root)["docs/a.md"] == 3.0


def test_line_is_printed_while_a_page_runs(pytestconfig, progress, monkeypatch):
    lines = []
    reporter = SimpleNamespace(currentfspath="docs/a.md", write_line=lines.append)
    monkeypatch.setattr(pytestconfig.pluginmanager, "get_plugin", lambda name: reporter)
    progress.told = 0.0
    progress.pytest_runtest_logfinish(IDS[0])
    progress.pytest_runtest_logfinish(IDS[1])
    assert len(lines) == 1
