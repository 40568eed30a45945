"""What "Copy as script" gives runs by itself: each program in a fresh Python, in an empty folder, as a reader would."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.needs.needs import needs
from blocks.read.page import Block, Page
from blocks.record.compare import same_output
from blocks.record.outputs import read_outputs
from blocks.run.applies import why_no_program
from tests.site.conftest import PAGES, copied_script


def programs(page: Page) -> Iterator[Block]:
    """Yield the blocks to run, so that each copy runs: one that begins a longer one of the page runs with that."""
    blocks = [block for block in page.blocks if block.kind == "python"]
    runnable = [block for block in blocks if not why_no_program(needs(page, block), gpus=0)]
    codes = {block.name: [part.code for part in needs(page, block)] for block in runnable}
    for block in runnable:
        code, size = codes[block.name], len(codes[block.name])
        if block.mark("raises") or not any(other[:size] == code and other != code for other in codes.values()):
            yield block


PROGRAMS = [
    pytest.param(page, block, id=f"{page.path.stem}-{block.name}") for page in PAGES for block in programs(page)
]


@pytest.mark.parametrize(("page", "block"), PROGRAMS)
def test_copy_runs(page: Page, block: Block, tmp_path: Path, environment: dict[str, str]) -> None:
    file, folder = tmp_path / "copy.py", tmp_path / "empty"
    folder.mkdir()
    file.write_text(copied_script(page, block), "utf-8")
    done = subprocess.run(
        [sys.executable, file], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    if raises := block.mark("raises"):
        last = done.stderr.strip().splitlines()[-1]
        assert done.returncode == 1 and last.split(":")[0].split(".")[-1] in {kind.__name__ for kind in raises.args}
        assert re.search(raises.kwargs.get("match", ""), done.stderr)
        return
    assert done.returncode == 0, done.stderr
    if not block.mark("warns"):
        assert same_output(*last_lines(page, block, done.stdout), varies=block.mark("varies") is not None)


def last_lines(page: Page, block: Block, printed: str) -> tuple[str, str]:
    """Return what the block should have printed, and as many of the last lines that were printed."""
    expected = read_outputs(page.snippet).get(block.name, "")
    size = len(expected.splitlines())
    return expected, "\n".join(printed.splitlines()[-size:] if size else [])
