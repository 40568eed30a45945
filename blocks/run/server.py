"""Processes that wait for a page: forked from a server that has imported torch, or started ahead of their page."""

import atexit
import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from typing import Any

from blocks.run.child.main import main
from blocks.run.job import bare_main
from blocks.run.process_tree import kill, settle
from blocks.run.shared.protocol import Job

WORDS = {  # each module with the words of a page that lead to it
    "torch._dynamo": ("optim", "compile", "torch.func", "utils.checkpoint"),
    "torch.distributed.tensor": ("assert_close",),
    "torchvision": ("torchvision",),
    "blocks.run.child.figures": ("matplotlib",),
    "matplotlib.pyplot": ("matplotlib",),
    "numpy": ("numpy",),
    "sklearn.datasets": ("sklearn",),
}


def preload(code: str) -> None:
    """Start the fork server, which imports torch and what this code leads to while its caller goes on."""
    modules = [module for module, words in WORDS.items() if any(word in code for word in words)]
    forkserver.set_forkserver_preload(["torch", *modules, "blocks.run.child.main", "blocks.run.child.warm"])
    with interrupts_ignored():
        forkserver.ensure_running()


@contextlib.contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Let what is started meanwhile ignore interrupts: a new process has no group of its own before it detaches."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say so
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


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
        process = context.Process(target=main, args=(theirs,))
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
