"""Pages as pytest collects them: one item a block, and one for each runnable copy that is not a prefix of its page."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks import applies, figure_files, messages, needs, outputs, page, record, run, verdict
from blocks.errors import BadInput

RUNNER = pytest.StashKey[run.Runner]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("blocks", "executable pages")
    group.addoption("--device", choices=("cpu", "cuda"), default="cpu", help="where blocks run; cpu hides the GPUs")
    group.addoption("--network", action="store_true", help="run the blocks that need the network too")
    group.addoption("--update-outputs", action="store_true", help="re-record outputs and figures of pages that pass")
    group.addoption("--record", action="store_true", help="write this environment's record of what passed")
    parser.addini("block_seconds", "wall time that one block may take", default="120")


def pytest_configure(config: pytest.Config) -> None:
    limits = run.Limits(seconds=float(config.getini("block_seconds")))
    config.stash[RUNNER] = run.Runner(config.getoption("device"), limits)
    if config.getoption("record") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config), "blocks-recorder")


def pytest_report_header(config: pytest.Config) -> str:
    return f"blocks: device {config.getoption('device')}, OMP_NUM_THREADS={os.environ['OMP_NUM_THREADS']}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "PageFile | None":
    root = parent.config.rootpath
    is_page = file_path.suffix == ".md" and file_path.is_relative_to(root / "docs")
    if is_page or page.is_tutorial(file_path):
        return PageFile.from_parent(parent, path=file_path)
    return None


def pytest_collection_finish(session: pytest.Session) -> None:
    files = {item.parent for item in session.items if isinstance(item, BlockItem)}
    runner = session.config.stash[RUNNER]
    runner.preload([file.page for file in files])
    try:
        assert runner.gpus >= 0
    except LookupError as error:
        raise pytest.UsageError(str(error)) from None
    for file in files:
        file.selected = {item.block.name for item in session.items if item.parent is file and type(item) is BlockItem}


class PageFile(pytest.File):
    """A page; runs its selected blocks, and what they need, once, as its first item asks for a result."""

    page: page.Page
    selected: set[str]
    results: dict[str, run.Result]
    running: Iterator[run.Result] | None = None

    def collect(self) -> Iterator[pytest.Item]:
        try:
            self.page = page.read_page(self.path, self.config.rootpath)
        except BadInput as error:
            raise self.CollectError(str(error)) from None
        self.results = {}
        for block in self.page.blocks:
            yield BlockItem.from_parent(self, name=block.name, block=block)
        for block in self.page.blocks:
            program = needs.needs(self.page, block)
            if tuple(part.name for part in program) != self.page.prefix.get(block.name, (block.name,)):
                yield CopyItem.from_parent(self, name=f"{block.name}[copy]", block=block)

    def result(self, name: str) -> run.Result:
        """Return the result of a block, running the page as far as it."""
        if self.running is None:
            self.running = self.config.stash[RUNNER].run(self.page, self.program())
            if self.config.getoption("update_outputs"):
                self.record()
        while name not in self.results:
            result = next(self.running, messages.Result(name, "not run", "the run of its page broke off"))
            self.results[result.name] = result
        return self.results[name]

    def teardown(self) -> None:
        """End the page's process before the next page starts."""
        if self.running is not None:
            self.running.close()

    def program(self) -> list[page.Block]:
        """Return the selected blocks and those they need, without the ones that are skipped."""
        wanted = {part.name for name in self.selected for part in needs.needs(self.page, self.page[name])}
        return [block for block in self.page.blocks if block.name in wanted and not self.why_not(block)]

    def why_not(self, block: page.Block) -> str:
        """Return why the block is not run in this session, or nothing if it is."""
        return applies.why_not(block, self.config.stash[RUNNER].gpus, self.config.getoption("network"))

    def record(self) -> None:
        """Run to the end; record outputs and figures if every block passed, and nothing otherwise."""
        self.results |= {result.name: result for result in self.running}
        faults = [figure_files.figure_fault(self.page[name], result.figures) for name, result in self.results.items()]
        if any(faults) or any(result.outcome != "passed" for result in self.results.values()):
            return
        known = outputs.read_outputs(self.page.snippet)
        fresh = known | {name: result.output for name, result in self.results.items()}
        kept = {block.name: self.kept(block, known, fresh) for block in self.page.blocks}
        outputs.write_outputs(self.page.snippet, kept)
        if len(self.results) == len([block for block in self.page.blocks if not self.why_not(block)]):
            drawn = {name: result.figures for name, result in self.results.items()}
            figure_files.record_figures(self.page, drawn, self.config.rootpath)

    def kept(self, block: page.Block, known: dict[str, str], fresh: dict[str, str]) -> str:
        """Return the output to record: the known one where the new one agrees with it, so that diffs show change."""
        old, new = known.get(block.name, ""), outputs.normalise(fresh.get(block.name, ""))
        return old if old and not verdict.output_fault(block, new, old) else new


class BlockItem(pytest.Item):
    """One block, run with its page."""

    def __init__(self, *, block: page.Block, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.block = block
        for mark in block.marks:
            self.add_marker(getattr(pytest.mark, mark.name)(*mark.args, **mark.kwargs))

    def setup(self) -> None:
        key = record.page_key(self.parent.page, self.config.rootpath)
        code = record.code_hash(self.parent.page, self.block)
        self.user_properties.append(("block", (key, self.block.name, code)))
        reason = self.parent.why_not(self.block)
        if reason:
            pytest.skip(reason)

    def runtest(self) -> None:
        result = self.parent.result(self.block.name)
        self.user_properties.append(("seconds", result.seconds))
        self.judge(result)

    def judge(self, result: run.Result) -> None:
        """Pass, fail with what is wrong, or skip what did not run."""
        if result.outcome == "not run":
            pytest.skip(f"not run: {result.reason}")
        recorded = outputs.read_outputs(self.parent.page.snippet)
        fault = verdict.fault(self.parent.page, self.block, result, recorded, self.config.rootpath)
        if fault:
            raise BlockFailed(fault)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None) -> object:
        if isinstance(excinfo.value, BadInput):
            return str(excinfo.value)
        if not isinstance(excinfo.value, BlockFailed):
            return super().repr_failure(excinfo)
        root = self.config.rootpath
        place = f"{self.block.source.relative_to(root)}:{self.block.line}"
        page_place = f"{self.path.relative_to(root)}:{self.block.page_line}"
        return f"block '{self.block.name}'\n  page    {page_place}\n  code    {place}\n\n{excinfo.value}"

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.block.page_line - 1, self.name


class CopyItem(BlockItem):
    """One block with the blocks it needs, run as a program of its own."""

    def runtest(self) -> None:
        program = needs.needs(self.parent.page, self.block)
        for part in program:
            if reason := self.parent.why_not(part):
                pytest.skip(f"not run: it needs '{part.name}', which is not run: {reason}")
        *before, result = self.config.stash[RUNNER].run(self.parent.page, program)
        for part in before:
            if part.outcome == "failed":
                raise BlockFailed(f"its copy fails in '{part.name}', which it needs:\n{part.reason}")
        self.judge(result)


class Recorder:
    """Gathers the verdicts of a session, from its workers too, and writes the record at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.blocks: record.Verdicts = {}
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = dict(report.user_properties)
        if "block" not in properties or (report.when != "call" and report.outcome == "passed"):
            return
        key, name, code = properties["block"]
        skipped = f"skipped: {report.longrepr[2].removeprefix('Skipped: ')}" if report.skipped else report.outcome
        entry = self.blocks.setdefault(key, {}).setdefault(name, {"code": code, "verdict": skipped})
        if report.failed:
            entry["verdict"] = "failed"
        self.seconds[key] = self.seconds.get(key, 0.0) + properties.get("seconds", 0.0)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        folder = self.config.rootpath / "docs" / "records"
        seconds = {key: math.ceil(value) for key, value in self.seconds.items()}
        record.write_record(folder, self.config.stash[RUNNER].environment, self.blocks, seconds)


class BlockFailed(Exception):
    """A block whose run, output or picture is not right; the message is shown as it is."""
