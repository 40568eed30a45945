"""Whether a block can run here: what its marks ask for, against the device and the installed torch."""

from importlib.metadata import version

from packaging.specifiers import SpecifierSet

from blocks.read.page import Block

GPUS_WANTED = {"cuda": 1, "multi_gpu": 2}


def why_not(block: Block, gpus: int, network: bool = False) -> str:
    """Return why the block is not run where there are so many CUDA devices, or nothing if it is."""
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
    return ""
