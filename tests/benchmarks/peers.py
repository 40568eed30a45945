"""Our runner beside its peers over the same generated code, in turn, as ratios to one plain process; and its growth.

    pip install --no-deps --target peers sybil==10.1.0 nbmake==1.5.5
    PYTHONPATH=peers python tests/benchmarks/peers.py [--pages 20] [--blocks 12] [--rounds 5]

The plain process runs every page's blocks in a namespace of the page's own: nothing can be faster. pytest-codeblocks
joins a page's blocks with `cont`; sybil gives each document a namespace; nbmake runs a kernel for each notebook; and a
process a page is `python page.py`, one after another. Only ours gives each page a process and each block a verdict.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from overhead import page_codes, seconds, write, write_project

PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
OURS = [*PYTEST, "docs", "-k", "not copy and not script"]
SYBIL = """\
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

pytest_collect_file = Sybil(parsers=[PythonCodeBlockParser()], pattern="*.md").pytest()
"""
EACH = "import subprocess, sys\nfor page in sys.argv[1:]:\n    subprocess.run([sys.executable, page], check=True)\n"
LARGER = 10


def write_peers(folder: Path, pages: int, blocks: int) -> dict[str, list[str]]:
    """Write the pages in the form of each peer; return its command."""
    codes = page_codes(blocks)
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [cell | {"id": f"cell-{index}", "source": code} for index, code in enumerate(codes)]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}
    fenced = [f"```python\n{code}```\n" for code in codes]
    for number in range(pages):
        write(folder / "codeblocks" / f"p{number}.md", "\n<!--pytest-codeblocks:cont-->\n".join(fenced))
        write(folder / "sybil" / f"p{number}.md", "\n".join(fenced))
        write(folder / "nbmake" / f"p{number}.ipynb", json.dumps(notebook))
        write(folder / "plain" / f"p{number}.py", "\n".join(codes))
    write(folder / "sybil" / "conftest.py", SYBIL)
    write(folder / "each.py", EACH)
    own = ["-c", "/dev/null", "--rootdir", "."]
    return {
        "pytest-codeblocks": [*PYTEST, *own, "--codeblocks", "codeblocks"],
        "sybil": [*PYTEST, *own, "sybil"],
        "nbmake": [*PYTEST, *own, "--nbmake", "nbmake"],
        "a process a page": [sys.executable, "each.py", *(f"plain/p{number}.py" for number in range(pages))],
    }


def prepared(folder: Path, pages: int, blocks: int) -> None:
    """Write our project and the plain program, and record the outputs."""
    write(folder / "plain.py", write_project(folder, pages, blocks))
    seconds([*PYTEST, "docs", "--update-outputs"], folder)


def main() -> None:
    """Print the medians and the ratios to the plain process of the same round."""
    parser = argparse.ArgumentParser()
    for option, default in (("--pages", 20), ("--blocks", 12), ("--rounds", 5)):
        parser.add_argument(option, type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as large:
        prepared(Path(small), options.pages, options.blocks)
        prepared(Path(large), options.pages * LARGER, options.blocks)
        ways = {"one plain process": ([sys.executable, "plain.py"], small), "ours": (OURS, small)}
        peers = write_peers(Path(small), options.pages, options.blocks)
        ways |= {name: (command, small) for name, command in peers.items()}
        ways[f"plain, {LARGER} x pages"] = [sys.executable, "plain.py"], large
        ways[f"ours, {LARGER} x pages"] = OURS, large
        times = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way, (command, folder) in ways.items():
                times[way].append(seconds(command, Path(folder)))
    for way, values in times.items():
        base = times[f"plain, {LARGER} x pages" if "x pages" in way else "one plain process"]
        ratio = statistics.median(a / b for a, b in zip(values, base, strict=True))
        print(f"{way:22} median {statistics.median(values):7.2f} s   ratio {ratio:6.2f}")


if __name__ == "__main__":
    main()
