"""A page's script, as readers download it, run whole by a fresh Python: it prints what the page shows."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest
from _pytest._code.code import TerminalRepr

from blocks.errors import BadInput
from blocks.outputs.check import output_fault
from blocks.read.page import Page
from blocks.render.script import left_out, program
from blocks.run.whole_script import Ended, Interpreter
from plugin.items import BlockFailed, Caught, PageItem, runner_of

INTERPRETER = pytest.StashKey[Interpreter]()
OWN_FRAMES = re.compile(r'(?:  File "(?:[^"]*child.interpreter\.py|<frozen runpy>)".*\n(?:    .*\n)*)+')
SHOWN = 4000


def interpreter_of(config: pytest.Config) -> Interpreter:
    """Return the Python that runs the scripts of this session."""
    if INTERPRETER not in config.stash:
        config.stash[INTERPRETER] = Interpreter(runner_of(config).device)
        config.add_cleanup(config.stash[INTERPRETER].close)
    return config.stash[INTERPRETER]


class ScriptItem(PageItem):
    """The whole page as one program, without the blocks that cannot run here and those that need them."""

    def setup(self) -> None:
        blocks = self.file.page.blocks
        self.without = {block.name for block in blocks if self.file.why_not(block)}
        if failing := [block.name for block in blocks if block.mark("xfail")]:
            pytest.skip(f"'{failing[0]}' is expected to fail")
        if self.without.issuperset(self.file.page.codes):
            pytest.skip("no block of it can run here")

    def runtest(self) -> None:
        self.file.end()
        ended = interpreter_of(self.config).run(program(self.file.page, self.without), self.file.page.snippet.resolve())
        if fault := script_fault(self.file.page, ended, self.file.recorded, self.without):
            raise BlockFailed(fault)

    def repr_failure(self, excinfo: Caught, style: str | None = None) -> str | TerminalRepr:
        if isinstance(excinfo.value, BlockFailed | BadInput):
            place = self.path.relative_to(self.config.rootpath).as_posix()
            return f"{excinfo.value}\n\n  again   pytest {place} -k script"
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name


def script_fault(page: Page, ended: Ended, recorded: Mapping[str, str], without: Collection[str] = ()) -> str:
    """Return why a run of the page's script is not right, or nothing."""
    if ended.code:
        errors = OWN_FRAMES.sub("", ended.errors)[-SHOWN:].rstrip()
        return f"the page's script ended with exit code {ended.code}:\n{errors}"
    printed = ended.printed.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for block in (block for block in page.blocks if not left_out(block) and block.name not in without):
        expected = recorded.get(block.name, "")
        size = expected.count("\n")
        if fault := output_fault(block, "\n".join(printed[:size]), expected):
            return f"the page's script differs in '{block.name}': {fault}"
        del printed[:size]
    more = "\n".join(printed).strip()
    return f"the page's script prints more than the page shows:\n{more[:SHOWN]}" if more else ""
