"""Environment variables of a test run: what all the processes that it starts inherit."""

import os
import sys
from pathlib import Path

from blocks.run.shared.environment import installed

ENVIRONMENT = {
    "MPLBACKEND": "module://blocks.run.child.figures",
    "OMP_NUM_THREADS": "1",
    "PYTHONSAFEPATH": "1",
    "PYTHONUTF8": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
OURS = {"PYTHONPATH", "PYTHONSAFEPATH", "PYTHONUNBUFFERED"}  # not for the programs that blocks start, nor for scripts
# kept from run to run for one Python and torch: another torch may wait forever for a lock that this one leaves
CACHES = {
    "TORCHINDUCTOR_CACHE_DIR": "inductor",
    "TORCH_EXTENSIONS_DIR": "extensions",
}


def of_readers() -> dict[str, str]:
    """Return the environment of a reader's programs: they find what lies beside them, and write whole lines."""
    return {name: value for name, value in os.environ.items() if name not in OURS}


def set_for(device: str, root: Path) -> None:
    """Set the variables for runs of a project's pages on a device: the GPUs are hidden from all but `cuda`."""
    caches = root.resolve() / ".cache" / f"{sys.implementation.cache_tag}-torch{installed('torch')}"
    os.environ |= ENVIRONMENT | {name: str(caches / folder) for name, folder in CACHES.items()}
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[3])
    programs = str(Path(sys.executable).parent)  # torchrun is one
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", "")])
    if device != "cuda":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
