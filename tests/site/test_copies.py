"""What "Copy as script" gives runs by itself: each program in a Python with nothing but torch, in an empty folder."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.read.page import Block, Page
from blocks.record.compare import same_output
from blocks.record.outputs import read_outputs
from blocks.record.verdict import tolerances
from blocks.run.applies import why_no_program
from tests.site.conftest import PAGES, copied_script


def programs(page: Page) -> Iterator[Block]:
    """Yield the blocks to run, so that each copy runs: one that begins a longer one of the page runs with that."""
    blocks = [block for block in page.blocks if block.kind == "python"]
    runnable = [block for block in blocks if not why_no_program(page.program(block), gpus=0)]
    codes = {block.name: [part.code for part in page.program(block)] for block in runnable}
    for block in runnable:
        code, size = codes[block.name], len(codes[block.name])
        if block.mark("raises") or not any(other[:size] == code and other != code for other in codes.values()):
            yield block


PROGRAMS = [
    pytest.param(page, block, id=f"{page.path.stem}-{block.name}") for page in PAGES for block in programs(page)
]


@pytest.fixture(scope="session")
def python() -> Iterator["subprocess.Popen[str]"]:
    """A Python that runs programs in forks of itself."""
    command, pipe = [sys.executable, Path(__file__).with_name("fork.py")], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        yield process
        process.stdin.close()


@pytest.mark.parametrize(("page", "block"), PROGRAMS)
def test_copy_runs(
    page: Page, block: Block, python: "subprocess.Popen[str]", tmp_path: Path, environment: dict[str, str]
) -> None:
    file, folder = tmp_path / "copy.py", tmp_path / "empty"
    folder.mkdir()
    file.write_text(copied_script(page, block), "utf-8")
    python.stdin.write(json.dumps({"file": str(file), "folder": str(folder), "environment": environment}) + "\n")
    code = int(python.stdout.readline())
    printed, errors = ((tmp_path / stream).read_text("utf-8") for stream in ("stdout", "stderr"))
    if raises := block.mark("raises"):
        last = errors.strip().splitlines()[-1]
        assert code == 1 and last.split(":")[0].split(".")[-1] in {kind.__name__ for kind in raises.args}
        assert re.search(raises.kwargs.get("match", ""), errors)
        return
    assert code == 0, f"exit code {code}\n{errors}"
    if not block.mark("warns"):
        assert same_output(
            *last_lines(page, block, printed), varies=block.mark("varies") is not None, tolerances=tolerances(block)
        )


def last_lines(page: Page, block: Block, printed: str) -> tuple[str, str]:
    """Return what the block should have printed, and as many of the last lines that were printed."""
    expected = read_outputs(page.snippet).get(block.name, "")
    size = len(expected.splitlines())
    return expected, "\n".join(printed.splitlines()[-size:] if size else [])
