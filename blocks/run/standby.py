"""A process that waits for its page: it is started while the page before it runs, so that no page waits for a start."""

import atexit
import multiprocessing
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection
from typing import Any

from blocks.run import child
from blocks.run.messages import Job
from blocks.run.processes import kill, settle
from blocks.run.start import bare_main


@dataclass
class Standby:
    """The processes that this program has started ahead, at most one for each page that runs at a time."""

    method: str
    """How `multiprocessing` starts a process."""
    waiting: list[tuple[Any, Connection]] = field(default_factory=list)
    """Each a `multiprocessing.Process`, with our end of its pipe."""

    def begin(self, job: Job) -> tuple[Any, Connection]:
        """Give a job to a process that waits, or to a new one where none does."""
        settle()  # what the job before it has used, ports for instance, is free by then
        process, pipe = self.waiting.pop() if self.waiting else self.start()
        if not process.is_alive():
            process, pipe = self.start()
        pipe.send(job)
        return process, pipe

    def prepare(self) -> None:
        """Start the process for the next job."""
        self.waiting.append(self.start())

    def start(self) -> tuple[Any, Connection]:
        """Start a process that waits for a job."""
        ours, theirs = multiprocessing.Pipe()
        context: Any = multiprocessing.get_context(self.method)
        process = context.Process(target=child.main, args=(theirs,))
        with bare_main():
            process.start()
        theirs.close()
        return process, ours

    def close(self) -> None:
        """End the processes that still wait."""
        while self.waiting:
            process, pipe = self.waiting.pop()
            kill(process)
            pipe.close()


@cache
def standby(method: str) -> Standby:
    """Return this program's processes of a start method, as it has one fork server; those that wait end with it."""
    found = Standby(method)
    atexit.register(found.close)  # before `multiprocessing` waits for them, since that was imported first
    return found
