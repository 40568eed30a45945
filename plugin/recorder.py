"""With `--record`: what passed in this environment, gathered from a session and its workers, and what names link to."""

import contextlib
import math
import warnings
from typing import Any

import pytest

from blocks.errors import BadInput
from blocks.needs.imports import page_names
from blocks.read.page import read_page
from blocks.read.paths import find_pages
from blocks.records import documentation, record
from blocks.run.runner import Runner


class Recorder:
    """Gathers the verdicts of a session, from its workers too, and writes the record at the end."""

    def __init__(self, config: pytest.Config, runner: Runner) -> None:
        self.config = config
        self.runner = runner
        self.blocks: record.Verdicts = {}
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties: dict[str, Any] = dict(report.user_properties)
        if "block" not in properties or (report.when != "call" and report.outcome == "passed"):
            return
        key, name, code = properties["block"]
        place = report.longrepr  # of what is skipped: file, line, reason
        skipped = f"skipped: {place[2].removeprefix('Skipped: ')}" if isinstance(place, tuple) else report.outcome
        entry = self.blocks.setdefault(key, {}).setdefault(name, {"code": code, "verdict": skipped})
        if "output" in properties:
            entry["output"] = properties["output"]
        if report.failed:
            entry["verdict"] = "failed"
        self.seconds[key] = self.seconds.get(key, 0.0) + properties.get("seconds", 0.0)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return  # an interrupted run has seen parts of pages only
        folder = self.config.rootpath / self.config.getoption("records")
        seconds = {key: math.ceil(value) for key, value in self.seconds.items()}
        record.write_record(folder, self.runner.environment, self.blocks, seconds)
        names: set[str] = set()
        for path in find_pages(self.config.rootpath):
            with contextlib.suppress(BadInput):  # which its own item has told
                names |= page_names(read_page(path, self.config.rootpath).codes)
        for name in documentation.write_addresses(self.config.rootpath, names):
            warnings.warn(f"{name} has no known address in the documentation", pytest.PytestWarning, stacklevel=1)
