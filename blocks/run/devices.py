"""Which accelerators a run sees, and whether a run on CUDA really used the one it asked for."""

import sys
from typing import Any

UNUSED = "the page asks for the accelerator, and ended without having allocated any CUDA memory: it ran on the CPU"


def hide_accelerators() -> None:
    """Make an accelerator that no environment variable hides, such as a Mac's, look absent to the device idiom."""
    import torch

    built = torch.accelerator.current_accelerator()
    if built is not None and built.type != "cuda":
        module: Any = torch.get_device_module(built)
        module.is_available = lambda: False


def allocations() -> int:
    """Return how often this process has allocated memory on CUDA devices; never the first to touch CUDA."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return 0
    counts = (torch.cuda.memory_stats(index) for index in range(torch.cuda.device_count()))
    return sum(int(stats.get("allocation.all.allocated", 0)) for stats in counts)
