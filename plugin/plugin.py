"""What pytest is told about pages: options, which files are pages, and what is done before and after they run."""

import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from blocks.read import paths
from blocks.run.shared import environment
from blocks.run.shared.devices import DEVICES
from plugin import changed
from plugin.collector import PageFile
from plugin.items import BlockItem, runner_of
from plugin.progress import Progress
from plugin.recorder import Recorder
from plugin.script import ScriptItem, interpreter_of
from plugin.updates import Rewritten


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("blocks", "executable pages")
    group.addoption("--device", choices=DEVICES, default="cpu", help="where blocks run; cpu hides the GPUs")
    group.addoption("--network", action="store_true", help="run the blocks that need the network too")
    group.addoption("--update-outputs", action="store_true", help="re-record outputs and figures of pages that pass")
    group.addoption("--variant", default="", help="with --update-outputs: record what differs, in PAGE.VARIANT.out")
    group.addoption("--record", action="store_true", help="write this environment's record of what passed")
    group.addoption("--records", default="docs/records", help="with --record: folder that the record is written to")
    group.addoption("--changed", action="store_true", help="only pages that are not as they were when they passed here")
    parser.addini("block_seconds", "wall time that one block may take", default="120")
    parser.addini("page_scripts", "whether the script of each page is run whole", type="bool", default=True)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist starts its workers
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    if hasattr(config, "workerinput"):
        config.args = config.workerinput["arguments"]
        return None
    return changed.select(config) if config.getoption("changed") else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["arguments"] = node.config.args


def pytest_configure(config: pytest.Config) -> None:
    runner_of(config)  # sets the environment of what it runs
    if config.getoption("device") == "simulated":
        simulate(config)
    preload(config)
    if config.getoption("record") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config, runner_of(config)), "blocks-recorder")
    if config.getoption("update_outputs") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Rewritten(config), "blocks-rewritten")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Progress(config), "blocks-progress")
    if config.pluginmanager.has_plugin("cacheprovider") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(changed.Memory(config), "blocks-memory")


def simulate(config: pytest.Config) -> None:
    """Compile the simulated accelerator, once; refuse what would tell a reader of it."""
    for option in ("--record", "--update-outputs"):
        if config.getoption(option):
            raise pytest.UsageError(f"--device simulated: no reader has this device, so there is nothing to {option}")
    from simulated.build import library  # late, since no other device needs it

    try:
        library()
    except LookupError as error:
        raise pytest.UsageError(str(error)) from None


def preload(config: pytest.Config) -> None:
    """Begin to import torch while pytest collects, where all that the command line names are pages, which run here."""
    named = [config.invocation_params.dir / arg.partition("::")[0] for arg in config.args]
    every = paths.find_pages(config.rootpath)
    pages = [[page for page in every if page.is_relative_to(path)] for path in named]
    elsewhere = config.getoption("collectonly") or config.getoption("numprocesses", None)
    if all(pages) and not elsewhere:
        snippets = {paths.snippet_path(page, config.rootpath) for below in pages for page in below}
        runner_of(config).preload("".join(path.read_text("utf-8") for path in snippets if path.exists()))


def pytest_report_header(config: pytest.Config) -> str:
    installed = ", ".join(f"{name} {version}" for name, version in environment.versions().items())
    threads = f"OMP_NUM_THREADS={os.environ['OMP_NUM_THREADS']}"
    only = f", {config.stash[changed.COUNTS]} changed" if changed.COUNTS in config.stash else ""
    return f"blocks: device {config.getoption('device')}, {installed}, {threads}{only}"


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    shown = runner_of(config).environment.details if any(isinstance(item, BlockItem) for item in items) else ""
    return [f"blocks: {shown}"] if shown else []


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Generator[None, Any, Any]:
    """Collect a page as nothing else: pytest imports, and so runs, a Python file that the command line names."""
    others = yield
    page = paths.is_page(file_path, parent.config.rootpath)
    return [PageFile.from_parent(parent, path=file_path)] if page else others


@pytest.hookimpl(tryfirst=True)  # before the terminal asks for the environment, and so starts the fork server
def pytest_collection_finish(session: pytest.Session) -> None:
    files = {item.file for item in session.items if isinstance(item, BlockItem)}
    runner = runner_of(session.config)
    if files:
        runner.preload("".join(block.code for file in files for block in file.page.blocks))
    if any(isinstance(item, ScriptItem) for item in session.items):
        interpreter_of(session.config).start()
    try:
        assert runner.gpus >= 0
    except LookupError as error:
        raise pytest.UsageError(str(error)) from None
    for file in files:
        items = [item for item in session.items if type(item) is BlockItem]
        file.selected = {item.block.name for item in items if item.file is file}


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nothing changed that can run is fine; and hypothesis is not imported just to sum up that no test has used it."""
    manager = session.config.pluginmanager
    if session.config.getoption("changed") and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK
    if "hypothesis" not in sys.modules and manager.has_plugin("hypothesispytest"):
        manager.unregister(name="hypothesispytest")
