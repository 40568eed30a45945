"""Which accelerators a run sees, and whether it really used the one that was asked for."""

import sys
from pathlib import Path
from typing import Any

DEVICES = ("cpu", "cuda", "simulated")
UNUSED = "the page asks for the accelerator, and ended without having allocated any of its memory: it ran on the CPU"


def use(device: str, root: Path) -> None:
    """Let the device idiom find this device in this process, or none for `cpu`; `root` holds the tooling."""
    if device == "cpu":
        hide_accelerators()
    elif device == "simulated":
        sys.path.insert(0, str(root))  # a run's own process has not got it there
        try:
            from simulated.device import register
        finally:
            sys.path.remove(str(root))
        register()


def hide_accelerators() -> None:
    """Make an accelerator that no environment variable hides, such as a Mac's, look absent to the device idiom."""
    import torch

    built = torch.accelerator.current_accelerator()
    if built is not None and built.type != "cuda":
        module: Any = torch.get_device_module(built)
        module.is_available = lambda: False


def allocations(device: str) -> int:
    """Return how often this process has allocated memory on devices of a kind; never the first to touch them."""
    module = getattr(sys.modules.get("torch"), device, None)
    if module is None or not module.is_initialized():
        return 0
    counts = (module.memory_stats(index) for index in range(module.device_count()))
    return sum(int(stats.get("allocation.all.allocated", 0)) for stats in counts)
