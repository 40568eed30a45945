"""The pytest items of a page: a block run with its page, and a block run as its runnable copy."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from _pytest._code.code import TerminalRepr

from blocks.errors import BadInput
from blocks.outputs import check
from blocks.read.page import Block
from blocks.records import record
from blocks.run.job import Limits
from blocks.run.runner import Runner
from blocks.run.shared.protocol import Result
from plugin import copies
from plugin.failure import report_on

if TYPE_CHECKING:
    from plugin.collector import PageFile

LEFT_OUT = """  without {0}
          If it needs one of them, say so above its fence: <!--pytest.mark.needs("{1}")-->
          If it draws random numbers, seed them in the block."""
Caught = pytest.ExceptionInfo[BaseException]
RUNNER = pytest.StashKey[Runner]()


def runner_of(config: pytest.Config) -> Runner:
    """Return the session's runner; made when first asked for, since it sets the environment of what it runs."""
    if RUNNER not in config.stash:
        limits = Limits(seconds=float(config.getini("block_seconds")))
        config.stash[RUNNER] = Runner(config.getoption("device"), limits, root=config.rootpath)
    return config.stash[RUNNER]


class PageItem(pytest.Item):
    """An item of a page."""

    @property
    def file(self) -> "PageFile":
        """The page that it belongs to."""
        return cast("PageFile", self.parent)


class BlockItem(PageItem):
    """One block, run with its page."""

    program: Sequence[Block] = ()

    def __init__(self, *, block: Block, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block = block
        key, code = self.file.page.key, record.code_hash(self.file.page, block)
        self.user_properties.append(("block", (key, block.name, code)))  # by now, so that a skip is recorded too
        for mark in block.marks:
            known = {name: value for name, value in mark.kwargs.items() if name != "until"}  # pytest's marks have none
            self.add_marker(getattr(pytest.mark, mark.name).with_args(*mark.args, **known))

    def setup(self) -> None:
        reason = self.file.why_not(self.block)
        if reason:
            pytest.skip(reason)

    def runtest(self) -> None:
        result = self.file.result(self.block.name)
        paths = [path.relative_to(self.config.rootpath).as_posix() for path in self.file.recording.paths]
        self.user_properties.append(("rewritten", paths))
        expected = self.file.recorded.get(self.block.name, "")
        self.user_properties.append(("output", record.output_hash(expected)))
        self.user_properties.append(("seconds", result.seconds))
        self.user_properties.append(("read", result.read))
        self.judge(result)

    def judge(self, result: Result) -> None:
        """Pass, fail with what is wrong, or skip what did not run."""
        if result.outcome == "not run":
            pytest.skip(f"not run: {result.reason}")
        fault = check.fault(self.file.page, self.block, result, self.file.recorded, self.config.rootpath)
        if fault:
            raise BlockFailed(fault)

    def repr_failure(self, excinfo: Caught, style: str | None = None) -> str | TerminalRepr:
        if isinstance(excinfo.value, BadInput):
            return str(excinfo.value)
        if not isinstance(excinfo.value, BlockFailed):
            return super().repr_failure(excinfo)
        return report_on(
            self.block, self.path, self.config.rootpath, str(excinfo.value), self.program, self.file.recording.refusal
        )

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.block.page_line - 1, self.name


class CopyItem(BlockItem):
    """One block with the blocks it needs, run as a program of its own."""

    def runtest(self) -> None:
        self.file.end()  # its ports, files and memory are free again, as for a reader
        self.program = self.file.page.program(self.block)
        for results in copies.runs_of(self.file, self.program, runner_of(self.config)):
            try:
                return self.judge_program(results)
            except BlockFailed as error:
                fault = error
        raise fault

    def judge_program(self, results: list[Result]) -> None:
        """Judge the copy by a run of its program."""
        *before, result = results
        for part in before:
            if part.outcome == "failed":
                raise BlockFailed(f"its copy fails in '{part.name}', which it needs:\n{part.reason}")
        self.user_properties.append(("read", result.read))
        self.judge(result)

    def repr_failure(self, excinfo: Caught, style: str | None = None) -> str | TerminalRepr:
        report = super().repr_failure(excinfo)
        if not isinstance(excinfo.value, BlockFailed):
            return report
        left = [part.name for part in self.file.page.before(self.block) if part not in self.program]
        return f"{report}\n{LEFT_OUT.format(', '.join(left), left[-1])}" if left else report


class BlockFailed(Exception):
    """A block whose run, output or picture is not right; the message is shown as it is."""


class UnreadableItem(PageItem):
    """A page that cannot be read: it fails with the reason, and every other page runs."""

    def __init__(self, *, error: BadInput, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error = error

    def runtest(self) -> None:
        raise self.error

    def repr_failure(self, excinfo: Caught, style: str | None = None) -> str | TerminalRepr:
        return str(excinfo.value) if isinstance(excinfo.value, BadInput) else super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.error.path, self.error.line - 1, self.name
