"""What the verdict on a page depends on, as hashes of contents, names and versions; never of times or places."""

import datetime
import hashlib
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from blocks.read.paths import figures_folder, snippet_path
from blocks.run.shared.variables import CACHES

DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
VARIABLES = ("CUDA_", "KMP_", "MKL_", "MPL", "OMP_", "PYTORCH_", "TORCH")


def digest(parts: Iterable[str]) -> str:
    """Return one hash of several texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def content(path: Path) -> str:
    """Return the hash of a file, or of the names in a folder, or that there is neither."""
    if path.is_dir():
        return digest(["folder", *sorted(entry.name for entry in path.iterdir() if entry.name != "__pycache__")])
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32] if path.exists() else "missing"


def setting(root: Path, options: Iterable[str]) -> str:
    """Return the hash of all that the verdicts of every page depend on."""
    own = [path for path in (root / "plugin").glob("*.py")]
    core = [*(root / "blocks").rglob("*.py"), *(root / "simulated").glob("*.*")]
    tooling = sorted([*core, *own, root / "conftest.py", root / "pyproject.toml"])
    return digest([*options, *machine(), *installed(), *variables(), *contents(tooling, root)])


def page_inputs(page: Path, root: Path, shared: str) -> str:
    """Return the hash of a page's own files and of the shared setting."""
    snippet = snippet_path(page, root)
    files = {page, *snippet.parent.glob(f"{snippet.stem}.*"), *figures_folder(snippet, root).glob("*")}
    return digest([shared, *contents(sorted(files), root), *past(page)])


def past(page: Path) -> list[str]:
    """Return the dates written on the page that are over: a mark that leaves a block out holds until such a date."""
    today = datetime.date.today().isoformat()
    return [date for date in DATE.findall(page.read_text("utf-8", "replace")) if date < today]


def contents(paths: Iterable[Path], root: Path) -> Iterator[str]:
    """Yield the name of each file below the root, and the hash of what it holds."""
    for path in paths:
        yield path.relative_to(root).as_posix()
        yield content(path)


def machine() -> list[str]:
    """Return system, Python, and what the CPU can do, which decides between kernels."""
    processors = Path("/proc/cpuinfo")
    lines = processors.read_text().splitlines() if processors.exists() else []
    kinds = {line for line in lines if line.startswith(("vendor_id", "flags", "Features"))}
    return [platform.system(), platform.machine(), sys.version, *sorted(kinds)]


def installed() -> list[str]:
    """Return name and version of every installed distribution, as its folder is called."""
    folders = [Path(entry) for entry in sys.path if Path(entry).is_dir()]
    names = {name for folder in folders for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info"))}
    return sorted(names)


def variables() -> list[str]:
    """Return the environment variables that torch and its libraries read, but for where compilers keep their work."""
    return sorted(f"{name}={os.environ[name]}" for name in os.environ.keys() - CACHES if name.startswith(VARIABLES))
