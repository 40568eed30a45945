"""Time the runner against one plain Python process over the same generated pages, in turn, and print the ratios.

    python tests/benchmarks/overhead.py [--pages 20] [--blocks 12] [--rounds 5]

Both run the same code: each page a namespace of its own, each block a few small tensor operations and training steps.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETUP = "import torch\nfrom torch import nn\n\ntorch.manual_seed(0)\n"
BODY = """\
x = torch.randn(64, 16)
model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 1))
for _ in range(10):
    loss = model(x).square().mean()
    loss.backward()
print({number}, tuple(x.shape), f"{{x.sum() * 0:.3f}}")
"""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def write_project(folder: Path, pages: int, blocks: int) -> str:
    """Write a project of generated pages; return the plain program that runs the same code."""
    plain = []
    names = ["setup", *(f"block-{letter}" for letter in LETTERS)]
    codes = dict(zip(names, page_codes(blocks), strict=False))
    for number in range(pages):
        stem = f"pages/page-{number}"
        write(folder / "docs" / f"{stem}.md", "".join(fence(stem, name) for name in codes))
        write(folder / "snippets" / f"{stem}.py", "\n\n".join(region(name, code) for name, code in codes.items()))
        plain.append("namespace = {'__name__': '__main__'}\n")
        plain += [f"exec({code!r}, namespace)\n" for code in codes.values()]
    for name in ("blocks", "plugin"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "conftest.py", folder)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return "".join(plain)


def page_codes(blocks: int) -> list[str]:
    """Return the code of one page's blocks, as many as there are names for at most."""
    return [SETUP, *(BODY.format(number=index) for index in range(min(blocks - 1, len(LETTERS))))]


def fence(stem: str, name: str) -> str:
    """Return a page's paragraph and fence for one block."""
    return f'Some words.\n\n```python\n--8<-- "{stem}.py:{name}"\n```\n\n'


def region(name: str, code: str) -> str:
    """Return a snippet's region."""
    return f"# --8<-- [start:{name}]\n{code}# --8<-- [end:{name}]\n"


def write(path: Path, text: str) -> None:
    """Write a file and the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def seconds(command: list[str], folder: Path) -> float:
    """Return the wall time of a command, with one thread and bytecode as Python keeps it; it must succeed."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - started


def main() -> None:
    """Print seconds and ratios of each way to run the pages."""
    parser = argparse.ArgumentParser()
    for option, default in (("--pages", 20), ("--blocks", 12), ("--rounds", 5)):
        parser.add_argument(option, type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "plain.py", write_project(folder, options.pages, options.blocks))
        pytest = [sys.executable, "-m", "pytest", "-q", "docs", "-p", "no:cacheprovider"]
        subprocess.run([*pytest, "--update-outputs"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        ways = {
            "plain process": [sys.executable, "plain.py"],
            "pages": [*pytest, "-k", "not copy and not script"],
            "pages, two workers": [*pytest, "-k", "not copy and not script", "-n", "2", "--dist", "loadfile"],
            "pages and copies": [*pytest, "-k", "not script"],
            "and scripts": pytest,
        }
        times = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way, command in ways.items():
                times[way].append(seconds(command, folder))
    base = times["plain process"]
    for way, values in times.items():
        ratio = statistics.median(a / b for a, b in zip(values, base, strict=True))
        print(f"{way:20} median {statistics.median(values):6.2f} s   ratio {ratio:5.2f}")


if __name__ == "__main__":
    main()
