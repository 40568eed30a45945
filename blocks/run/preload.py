"""What the fork server imports before any page runs: torch, and what takes long of that which the pages use."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from multiprocessing import forkserver

WORDS = {  # each module with the words of a page that lead to it
    "torch._dynamo": ("optim", "compile", "torch.func", "utils.checkpoint"),
    "torch.distributed.tensor": ("assert_close",),
    "torchvision": ("torchvision",),
    "blocks.run.figures": ("matplotlib",),
    "matplotlib.pyplot": ("matplotlib",),
    "numpy": ("numpy",),
    "sklearn.datasets": ("sklearn",),
}


def preload(code: str) -> None:
    """Start the fork server, which imports torch and what this code leads to while its caller goes on."""
    modules = [module for module, words in WORDS.items() if any(word in code for word in words)]
    forkserver.set_forkserver_preload(["torch", *modules, "blocks.run.child", "blocks.run.warm"])
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
