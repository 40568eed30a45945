"""The pytest items of a page: a block run with its page, and a block run as its runnable copy."""

from pathlib import Path

import pytest

from blocks.errors import BadInput
from blocks.needs import needs
from blocks.read import page
from blocks.record import outputs, record, verdict
from blocks.run import runner as run

RUNNER = pytest.StashKey[run.Runner]()


class BlockItem(pytest.Item):
    """One block, run with its page."""

    def __init__(self, *, block: page.Block, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.block = block
        for mark in block.marks:
            known = {name: value for name, value in mark.kwargs.items() if name != "until"}  # pytest's marks have none
            self.add_marker(getattr(pytest.mark, mark.name)(*mark.args, **known))

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
        recorded = outputs.read_outputs(self.parent.page.snippet, self.parent.variants)
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
        *before, result = self.config.stash[RUNNER].run(self.parent.page, program)
        for part in before:
            if part.outcome == "failed":
                raise BlockFailed(f"its copy fails in '{part.name}', which it needs:\n{part.reason}")
        self.judge(result)


class BlockFailed(Exception):
    """A block whose run, output or picture is not right; the message is shown as it is."""
