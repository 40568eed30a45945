"""Every notebook that a page offers is valid, names its cells like the blocks, and runs from top to bottom."""

import subprocess
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from blocks.read.page import Page
from blocks.render.notebook import runs
from blocks.run.applies import why_no_program
from tests.site.conftest import PAGES, ROOT, SITE, address, read_html


@pytest.fixture
def kernel_environment(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_notebook_runs(page: Page, tmp_path: Path, kernel_environment: None) -> None:
    notebook = nbformat.read(SITE / f"{address(page) or 'index'}.ipynb", as_version=4)
    nbformat.validate(notebook)
    cells = [block.name for block in page.blocks if runs(block)]
    assert [cell.id for cell in notebook.cells if cell.cell_type == "code" and cell.id != "install"] == cells
    here = [block.name for block in page.blocks if not why_no_program(page.program(block), gpus=0)]
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type != "code" or cell.id in here]
    there = {"metadata": {"path": str(tmp_path)}}
    seconds = max([120, *(mark.args[0] for block in page.blocks if (mark := block.mark("slow")))])
    NotebookClient(notebook, timeout=seconds, shutdown_kernel="immediate", resources=there).execute()


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
