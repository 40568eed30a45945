"""Every notebook that a page offers is valid, names its cells like the blocks, and runs from top to bottom."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from blocks.read.page import Page
from blocks.run.weights import seed_cache
from tests.site.conftest import PAGES, SITE, address

ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "",
    "MPLBACKEND": "agg",
    "OMP_NUM_THREADS": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


@pytest.fixture
def kernel_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page: Page) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    code = "".join(block.code for block in page.blocks)
    if "_Weights" in code:
        seed_cache(tmp_path / "torch", code)
        monkeypatch.setenv("TORCH_HOME", os.environ["TORCH_HOME"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_notebook_runs(page: Page, tmp_path: Path, kernel_environment: None) -> None:
    notebook = nbformat.read(SITE / f"{address(page) or 'index'}.ipynb", as_version=4)
    nbformat.validate(notebook)
    shown = [block.name for block in page.blocks if block.kind == "python" and not block.mark("skip")]
    assert [cell.id for cell in notebook.cells if cell.cell_type == "code"] == shown
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
