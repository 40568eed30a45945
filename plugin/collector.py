"""A page as pytest collects it: an item a block, one for each copy that is not a prefix of its page, and its script."""

from collections.abc import Generator, Iterator
from functools import cached_property

import pytest

from blocks.errors import BadInput
from blocks.outputs import store
from blocks.outputs.update import Recorded
from blocks.read.page import Block, Page, read_page
from blocks.records import fingerprint
from blocks.records.matrix import DEVICES
from blocks.run import skip_conditions, unsupported
from blocks.run.shared import environment
from blocks.run.shared.protocol import Result
from plugin import changed, updates
from plugin.items import BlockItem, CopyItem, UnreadableItem, runner_of
from plugin.script import ScriptItem


class PageFile(pytest.File):
    """A page; runs its selected blocks, and what they need, once, as its first item asks for a result."""

    page: Page
    selected: set[str]
    results: dict[str, Result]
    running: Generator[Result] | None = None
    recording = Recorded()

    def collect(self) -> Iterator[pytest.Item]:
        self.results = {}
        try:
            self.page = read_page(self.path, self.config.rootpath)
            items = list(self.items())
        except BadInput as error:
            if any("::" in argument for argument in self.config.args):  # which would only be said not to be found
                raise self.CollectError(str(error)) from None
            items = [UnreadableItem.from_parent(self, name="[page]", error=error)]
        key = self.path.relative_to(self.config.rootpath).as_posix()
        known = fingerprint.page_inputs(self.path, self.config.rootpath, changed.setting(self.config))
        for item in items:
            item.user_properties.append(("page", (key, known, len(items))))
        if not items:
            changed.remember(self.config, key, known, {})
        yield from items

    def items(self) -> Iterator[pytest.Item]:
        """Yield an item for each block, for each copy that is not simply the page up to it, and for the script."""
        for block in self.page.blocks:
            yield BlockItem.from_parent(self, name=block.name, block=block)
        for block in self.page.blocks:
            if self.page.program(block)[:-1] != self.page.before(block):
                yield CopyItem.from_parent(self, name=f"{block.name}[copy]", block=block)
        if self.page.codes and self.config.getini("page_scripts") and self.config.getoption("device") in DEVICES:
            yield ScriptItem.from_parent(self, name="[script]")

    def result(self, name: str) -> Result:
        """Return the result of a block, running the page as far as it."""
        if self.running is None:
            self.running = runner_of(self.config).run(self.page, self.program())
            if self.config.getoption("update_outputs"):
                self.recording = updates.update(self)
        while name not in self.results:
            result = next(self.running, Result(name, "not run", "the run of its page broke off"))
            self.results[result.name] = result
        return self.results[name]

    def end(self) -> None:
        """Kill the page's process, before a copy or the next page starts; what has come of its blocks stays."""
        if self.running is not None:
            self.running.close()

    teardown = end

    def program(self) -> list[Block]:
        """Return the selected blocks and those they need, without the ones that are skipped."""
        wanted = {part.name for name in self.selected for part in self.page.program(self.page[name])}
        if self.config.getoption("update_outputs"):  # what is recorded is what the page prints, not what a part does
            names = [block.name for block in self.page.blocks]
            wanted = set(names[: max(map(names.index, wanted), default=-1) + 1])
        return [block for block in self.page.blocks if block.name in wanted and not self.why_not(block)]

    def why_not(self, block: Block) -> str:
        """Return why the block is not run in this session, or nothing if it is."""
        program = self.page.program(block)
        runner, root = runner_of(self.config), self.config.rootpath
        lacking = unsupported.unsupported_blocks(runner.device, root, self.page.key)
        why_not = skip_conditions.why_no_program(program, runner.gpus, self.config.getoption("network"), lacking)
        return why_not or skip_conditions.why_no_page(self.page, runner.device)

    @cached_property
    def recorded(self) -> dict[str, str]:
        """The page's recorded outputs that hold in this session; first asked for when its blocks have run."""
        return store.read_outputs(self.page.snippet, self.variants)

    @property
    def variants(self) -> list[str]:
        """Names of the variants of the recorded output that hold in this session."""
        return store.variants(self.page.snippet, self.config.getoption("device"), environment.versions()["torch"])
