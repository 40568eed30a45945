"""Every notebook that a page offers is valid, names its cells like the blocks, and runs from top to bottom."""

import os
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from blocks.read.page import Page
from blocks.render.notebook import runs
from blocks.run.skip_conditions import why_no_program
from tests.site.conftest import PAGES, ROOT, SITE, read_html
from tests.site.shell import run

SECONDS = 120


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_notebook_runs(page: Page, tmp_path: Path, environment: dict[str, str]) -> None:
    notebook = nbformat.read(SITE / f"{page.key}.ipynb", as_version=4)
    nbformat.validate(notebook)
    cells = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code" and cell.id != "install"}
    assert list(cells) == [block.name for block in page.blocks if runs(block)]
    here = [block for block in page.blocks if block.name in cells and not why_no_program(page.program(block), gpus=0)]
    seconds = sum(max(SECONDS, block.seconds) for block in here)
    assert run([cells[block.name] for block in here], tmp_path, environment, seconds) == ""


def test_a_kernel_runs_a_notebook_as_the_shell_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all pages one is executed by a kernel, as Jupyter does; `%%bash` and `raises` are among its cells."""
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    code = [
        "x = 3",
        "%%writefile y.txt\n4",
        "%%bash -e\ngrep -q 4 y.txt",
        "int('x')",
        "import asyncio\nasyncio.sleep(x)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in code])
    notebook.cells[3].metadata.tags = ["raises-exception"]
    NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(tmp_path)}}).execute()
    own = dict(os.environ)
    assert run(notebook.cells, tmp_path, own, SECONDS) == ""
    notebook.cells[4].source = "import asyncio\nasync def wait(): pass\nasyncio.run(wait())"
    assert "cannot be called from a running event loop" in run(notebook.cells, tmp_path, own, SECONDS)
    notebook.cells[3].metadata.tags = []
    assert "invalid literal" in run(notebook.cells, tmp_path, own, SECONDS)


def test_colab_finds_every_notebook_on_its_branch(tmp_path: Path) -> None:
    for command in (
        ["git", "init", "--quiet", "--bare", tmp_path],
        ["bash", ".ci/push-notebooks", SITE, tmp_path],
        ["bash", ".ci/push-notebooks", SITE, tmp_path],
    ):
        subprocess.run(command, cwd=ROOT, check=True)
    git = ["git", "ls-tree", "-r", "--name-only", "notebooks"]
    pushed = subprocess.run(git, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.split()
    assert pushed == sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.ipynb"))
    links = {url for page in PAGES for url in read_html(page).xpath("//a[contains(@href, 'colab.research')]/@href")}
    opened = {url.split("/blob/notebooks/")[1] for url in links}
    assert opened == set(pushed) - {"index.ipynb"}  # the home page has no menu
