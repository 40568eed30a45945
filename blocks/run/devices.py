"""Which accelerators a run sees, and whether a run on CUDA really used the one it asked for."""

import re
import sys
from collections.abc import Sequence
from typing import Any

from blocks.read.page import Block, Page

IDIOM = "torch.accelerator.current_accelerator("
USE = re.compile(r"\bdevice\b")
MAY_BE_LEFT_OUT = {"multi_gpu", "network", "skip", "skipif", "torch"}
UNUSED = "the page asks for the accelerator, and ended without having allocated any CUDA memory: it ran on the CPU"


def hide_accelerators() -> None:
    """Make an accelerator that no environment variable hides, such as a Mac's, look absent to the device idiom."""
    import torch

    built = torch.accelerator.current_accelerator()
    if built is not None and built.type != "cuda":
        module: Any = torch.get_device_module(built)
        module.is_available = lambda: False


def must_allocate(page: Page, blocks: Sequence[Block]) -> bool:
    """Tell whether these blocks must use CUDA memory: they hold the idiom and all that their page does with it."""
    using = [block for block in page.blocks if block.kind == "python" and USE.search(block.code)]
    certain = [block for block in using if not MAY_BE_LEFT_OUT & {mark.name for mark in block.marks}]
    return any(IDIOM in block.code for block in blocks) and all(block in blocks for block in certain)


def allocations() -> int:
    """Return how often this process has allocated memory on CUDA devices; never the first to touch CUDA."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return 0
    counts = (torch.cuda.memory_stats(index) for index in range(torch.cuda.device_count()))
    return sum(int(stats.get("allocation.all.allocated", 0)) for stats in counts)
