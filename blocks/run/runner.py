"""Run a program, the blocks of one page, in a process of its own, and yield one result a block as it comes.

Processes come from `multiprocessing`: its fork server, which has imported torch and run no tensor operation, where
forking is safe, and `spawn` elsewhere. This side holds the clock and the memory limit, and ends the process group.
"""

import contextlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Literal

from blocks.read.page import Block, Page
from blocks.run import ends_process, server
from blocks.run.job import Limits, Program, beginnings, make_job, names_of
from blocks.run.orphan_reaper import reaped_if_orphaned
from blocks.run.process_tree import kill, receive, resident_memory, settle, size
from blocks.run.shared import leftovers, variables
from blocks.run.shared.environment import Environment
from blocks.run.shared.protocol import ERRORS, Job, Result, Step, last_errors, printed_since

POLL = 0.1


@dataclass
class Runner:
    """Starts the processes of one test run, all on the same kind of device."""

    device: str = "cpu"
    """`cpu`, which hides the GPUs, `cuda`, or `simulated`."""
    limits: Limits = field(default_factory=Limits)
    """What one block may take."""
    method: Literal["forkserver", "spawn"] = "forkserver" if sys.platform == "linux" else "spawn"
    """How `multiprocessing` starts a process."""
    root: Path = Path(__file__).parents[2]
    """The project: what its pages read is noted."""

    def __post_init__(self) -> None:
        variables.set_for(self.device, self.root)

    @cached_property
    def gpus(self) -> int:
        """Number of CUDA devices that blocks may use; raise `LookupError` where `cuda` is asked for in vain."""
        if self.device != "cuda":
            return 0
        count = int(self.ask("import torch", "torch.cuda.device_count()"))
        if not count:
            raise LookupError("--device cuda: torch finds no CUDA device here")
        return count

    @cached_property
    def environment(self) -> Environment:
        """Where the blocks run."""
        return Environment(**json.loads(self.ask("from blocks.run.shared.environment import as_json", "as_json()")))

    def ask(self, imports: str, expression: str) -> str:
        """Return what an expression prints in a process such as a page gets."""
        here = Path(__file__)
        question = Block("question", "python", f"{imports}\nprint({expression})\n", 1, here, 1)
        result = next(self.run(Page(here, here, (question,)), [question]))
        if result.outcome != "passed":
            raise RuntimeError(result.reason)
        return result.output

    def preload(self, code: str) -> None:
        """Begin to import torch and what this code uses, where processes are forked, while the caller goes on."""
        if self.method == "forkserver":
            server.preload(code)

    def run(self, page: Page, blocks: Sequence[Block]) -> Generator[Result]:
        """Run the blocks in order in one namespace; yield a result for each, 'not run' after a failure.

        A block that ends its process has one of its own, in which the blocks that it needs run first.
        """
        together = [block for block in blocks if not block.mark(ends_process.MARK)]
        with contextlib.closing(self._run(page, [names_of(together)])) as results:
            failed = ""
            for block in blocks:
                if not block.mark(ends_process.MARK):
                    result = next(results)
                elif failed:
                    result = Result(block.name, "not run", f"{failed} failed")
                else:
                    alone = names_of(ends_process.program(page, block))
                    result = ends_process.judge_end(block, list(self._run(page, [alone])))
                failed = failed or (block.name if result.outcome == "failed" else "")
                yield result

    def run_together(self, page: Page, programs: Sequence[Program]) -> Iterator[tuple[Program, Result]]:
        """Run programs in one process that forks where they part; yield the beginnings that passed so."""
        able = [names for names in programs if not any(page[name].mark(ends_process.MARK) for name in names)]
        if self.device == "cpu" and len(able) > 1:
            results = zip(beginnings(able), self._run(page, able), strict=False)
            yield from ((names, result) for names, result in results if result.outcome == "passed")

    def _run(self, page: Page, programs: Sequence[Program]) -> Generator[Result]:
        """Run programs that begin alike in one process and forks of it, each beginning once."""
        folder = Path(tempfile.mkdtemp(prefix="page-"))
        (folder / "work").mkdir()
        try:
            yield from self._results(make_job(page, programs, folder, self.root, self.device), folder)
        finally:
            leftovers.remove(folder / "left")
            shutil.rmtree(folder, ignore_errors=True)

    def _results(self, job: Job, folder: Path) -> Iterator[Result]:
        process, pipe = server.standby(self.method).begin(job)
        steps = iter(job.steps)
        with pipe, reaped_if_orphaned(process.pid):
            try:
                server.standby(self.method).prepare()
                printed = 0
                for current in steps:
                    result = self._receive(process, pipe, current, folder, printed)
                    printed = result.printed
                    yield result
                    if result.outcome == "failed":
                        yield from (Result(rest.name, "not run", f"{current.name} failed") for rest in steps)
            finally:
                kill(process)  # no code of it runs from here on, while the kernel still clears up
                if self.method == "spawn":
                    settle()  # on Windows its folder can be removed only then

    def _receive(self, process: Any, receiver: Any, current: Step, folder: Path, before: int) -> Result:
        """Wait for the block's result; make one up where the process ends, or must be ended, instead."""
        started = time.monotonic()
        reason = end = ""
        limits = replace(self.limits, seconds=max(self.limits.seconds, current.seconds))
        while not reason:
            wait([receiver, process.sentinel], timeout=POLL)
            came = receive(process, receiver)
            if isinstance(came, Result) and len(came.output) <= self.limits.printed:
                return came  # by now the next block may be printing, so the file's size says nothing about this one
            end = came if isinstance(came, str) else ""
            printed = len(came.output) if isinstance(came, Result) else size(folder / "stdout") - before
            reason = end or limits.passed(time.monotonic() - started, resident_memory(process.pid), printed)
        if process.is_alive():
            kill(process, dump=True)
        errors = last_errors(folder)
        reason = f"the block {reason}{ERRORS if errors else ''}{errors}"
        output = printed_since(folder / "stdout", before)[0] if end else ""
        return Result(current.name, "failed", reason, output, seconds=time.monotonic() - started, end=end)
