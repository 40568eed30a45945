"""Pages as pytest collects them: one item a block, and one for each runnable copy that is not a prefix of its page."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.errors import BadInput
from blocks.needs import needs
from blocks.read import page
from blocks.record import outputs, rerecord
from blocks.run import applies, environment, messages
from blocks.run import runner as run
from tests.items import RUNNER, BlockItem, CopyItem
from tests.recorder import Recorder


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("blocks", "executable pages")
    group.addoption("--device", choices=("cpu", "cuda"), default="cpu", help="where blocks run; cpu hides the GPUs")
    group.addoption("--network", action="store_true", help="run the blocks that need the network too")
    group.addoption("--update-outputs", action="store_true", help="re-record outputs and figures of pages that pass")
    group.addoption("--variant", default="", help="with --update-outputs: record what differs, in PAGE.VARIANT.out")
    group.addoption("--record", action="store_true", help="write this environment's record of what passed")
    group.addoption("--records", default="docs/records", help="with --record: folder that the record is written to")
    parser.addini("block_seconds", "wall time that one block may take", default="120")


def pytest_configure(config: pytest.Config) -> None:
    limits = run.Limits(seconds=float(config.getini("block_seconds")))
    config.stash[RUNNER] = run.Runner(config.getoption("device"), limits)
    if config.getoption("record") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config, config.stash[RUNNER]), "blocks-recorder")


def pytest_report_header(config: pytest.Config) -> str:
    installed = ", ".join(f"{name} {version}" for name, version in environment.versions().items())
    return f"blocks: device {config.getoption('device')}, {installed}, OMP_NUM_THREADS={os.environ['OMP_NUM_THREADS']}"


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    shown = config.stash[RUNNER].environment.details if any(isinstance(item, BlockItem) for item in items) else ""
    return [f"blocks: {shown}"] if shown else []


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
        program = needs.needs(self.page, block)
        return applies.why_no_program(program, self.config.stash[RUNNER].gpus, self.config.getoption("network"))

    def record(self) -> None:
        """Run to the end; record outputs and figures if every block passed, and nothing otherwise."""
        self.results |= {result.name: result for result in self.running}
        whole = len(self.results) == sum(not self.why_not(block) for block in self.page.blocks)
        device, root = self.config.getoption("device"), self.config.rootpath
        variant = self.config.getoption("variant") or ("cuda" if device == "cuda" else "")
        rerecord.rerecord(self.page, self.results, whole, root, variant, self.variants)

    @property
    def variants(self) -> list[str]:
        """Names of the variants of the recorded output that hold in this session."""
        return outputs.variants(self.page.snippet, self.config.getoption("device"), environment.versions()["torch"])
