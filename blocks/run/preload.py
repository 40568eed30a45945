"""What the fork server imports before any page runs: torch, and what takes long of that which the pages use."""

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
    forkserver.ensure_running()
