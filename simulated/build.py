"""Compile the simulated accelerator once for this torch and these sources, and keep it below `.cache/`."""

import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from packaging.version import Version

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache" / "simulated"
OLDEST = "2.15"
FLAGS = ("-std=c++20", "-O1", "-fPIC", "-shared", "-w")  # no warnings: nearly all would be about PyTorch's headers


def missing() -> str:
    """Return what this machine lacks for the device, or nothing."""
    if Version(Version(version("torch")).base_version) < Version(OLDEST):
        return f"it is made for torch {OLDEST} and newer, and this is torch {version('torch')}"
    if sys.platform == "win32":
        return "it is made for Linux and macOS"
    if not library_path().exists() and not shutil.which(compiler()):
        return f"it is compiled once, and there is no C++ compiler here ('{compiler()}'): install g++, or set CXX"
    return ""


def compiler() -> str:
    """Return the command that compiles C++."""
    return os.environ.get("CXX", "c++" if sys.platform == "darwin" else "g++")


def sources() -> list[Path]:
    """Return the files that the library is made of."""
    return sorted([*HERE.glob("*.cpp"), *HERE.glob("*.h")])


def library_path() -> Path:
    """Return where the library for this torch, machine and source is kept."""
    torch = find_spec("torch")
    parts = [platform.machine(), *FLAGS, Path(str(torch and torch.origin)).with_name("version.py").read_text("utf-8")]
    parts += [path.read_text("utf-8") for path in sources()]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return CACHE / f"torch{version('torch')}-{key}" / "simulated.so"


def library() -> Path:
    """Return the library, compiled if it is not kept yet; raise `LookupError` where that cannot be."""
    if reason := missing():
        raise LookupError(f"--device simulated: {reason}")
    path = library_path()
    if not path.exists():
        with locked():  # the other workers of a test run wait for the first
            if not path.exists():
                compile_to(path)
    return path


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Keep other processes out; a lock ends with its process, so that a killed one blocks nobody."""
    import fcntl  # late, since Windows has none

    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def compile_to(path: Path) -> None:
    """Write the library in one step, so that nobody finds a part of it."""
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        draft = Path(folder, path.name)
        asked = [sys.executable, "-c", f"from simulated import build; build.compile_now({str(draft)!r})"]
        done = subprocess.run(asked, cwd=HERE.parent, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LookupError(f"--device simulated: it does not compile\n{done.stderr[-4000:]}")
        path.parent.mkdir(exist_ok=True)
        draft.replace(path)


def compile_now(path: str) -> None:
    """Compile in a process that may import torch, which knows its headers and libraries."""
    from torch.utils import cpp_extension

    includes = [f"-I{folder}" for folder in cpp_extension.include_paths()]
    libraries = [f"-L{folder}" for folder in cpp_extension.library_paths()]
    command = [compiler(), *FLAGS, *includes, str(HERE / "simulated.cpp"), "-o", path, *libraries]
    subprocess.run([*command, "-lc10", "-ltorch_cpu", "-ltorch"], check=True)
