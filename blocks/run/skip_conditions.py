"""Whether blocks can run here, and must use the GPU: what marks and code ask for, against device and installation."""

import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from types import MappingProxyType

from packaging.specifiers import SpecifierSet

from blocks.read.page import Block, Page
from blocks.run.shared.environment import installed, versions

GPUS_WANTED = {"cuda": 1, "multi_gpu": 2}
IDIOM = "torch.accelerator.current_accelerator("
MAY_BE_LEFT_OUT = {"cuda", "multi_gpu", "network", "skip", "skipif", "torch"}
SISTERS = re.compile(r"^\s*(?:from|import)\s+(torchvision)\b", re.MULTILINE)
USE = re.compile(r"(?<![\w.])device\b(?!\s*=(?!=))")  # the variable, where it is not set
NOTHING: Mapping[str, str] = MappingProxyType({})


def needs_gpu(block: Block) -> bool:
    """Tell whether no CPU can run the block."""
    return any(mark.name in GPUS_WANTED for mark in block.marks)


def why_not(block: Block, gpus: int, network: bool = False, lacking: Mapping[str, str] = NOTHING) -> str:
    """Return why the block is not run where there are so many CUDA devices, or nothing if it is.

    `lacking` gives the reasons for the blocks of its page that the device cannot run.
    """
    for mark in block.marks:
        if mark.name == "skip" or (mark.name == "skipif" and mark.args and mark.args[0]):
            return str(mark.kwargs["reason"])
        wanted = GPUS_WANTED.get(mark.name, 0)
        if gpus < wanted:
            return "needs a CUDA device" if wanted == 1 else f"needs {wanted} CUDA devices"
        if mark.name == "network" and not network:
            return "needs the network"
        if mark.name == "torch" and version("torch") not in SpecifierSet(mark.args[0], prereleases=True):
            return f"needs torch {mark.args[0]}"
    missing = (f"needs {name}" for name in SISTERS.findall(block.code) if find_spec(name) is None)
    return next(missing, lacking.get(block.name, ""))


def why_no_page(page: Page, device: str) -> str:
    """Return why no block of a page can run here: device or system that it is not for, the package that it lacks."""
    if page.devices and device not in page.devices:
        return f"runs on {' and '.join(page.devices)} only"
    if page.systems and versions()["system"] not in page.systems:
        return f"needs {' or '.join(page.systems)}"
    return next((f"needs {name}, which is not installed" for name in page.packages if not installed(name)), "")


def why_no_program(
    program: Sequence[Block], gpus: int, network: bool = False, lacking: Mapping[str, str] = NOTHING
) -> str:
    """Return why the last block of a program is not run: for its own sake, or for that of a block it needs."""
    for part in reversed(program):
        if reason := why_not(part, gpus, network, lacking):
            return reason if part is program[-1] else f"needs '{part.name}', which is not run: {reason}"
    return ""


def must_allocate(page: Page, blocks: Sequence[Block]) -> bool:
    """Tell whether these blocks must use the memory of an accelerator: they hold the idiom and all that uses it."""
    own = [block for block in page.blocks if block.kind == "python" and not block.file]
    using = [block for block in own if USE.search(block.code)]
    certain = [block for block in using if not MAY_BE_LEFT_OUT & {mark.name for mark in block.marks}]
    asked = any(IDIOM in block.code for block in blocks if not block.file)
    return asked and bool(certain) and all(block in blocks for block in certain)
