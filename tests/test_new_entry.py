"""A new entry passes at once, is read as one, and replaces nothing."""

import pytest

from blocks.commands.new_entry import new_entry
from blocks.errors import BadInput
from blocks.outputs.check import fault
from blocks.outputs.entries import read_entries
from blocks.outputs.store import read_outputs
from blocks.read.page import read_page

PAGE = '---\ndoing: adding\n---\n\n# Sums\n\n```python\n--8<-- "troubleshooting/sums.py:setup"\n```\n'
SNIPPET = '"""Sums."""\n\n# --8<-- [start:setup]\nimport torch\n\n# --8<-- [end:setup]\n'


@pytest.fixture
def page(project):
    project.write("snippets/troubleshooting/sums.py", SNIPPET)
    return project.write("docs/troubleshooting/sums.md", PAGE)


@pytest.mark.parametrize("tail", ["", "\n## Next\n\n- [A](a.md)\n"])
def test_new_entries_pass(project, page, start, tail):
    page.write_text(PAGE + tail)
    new_entry(project.root, "troubleshooting/sums/size-of-a", "size of a must match")
    new_entry(project.root, "troubleshooting/sums/size-of-b", "size of `b` must match")
    read = read_page(page, project.root)
    recorded = read_outputs(read.snippet)
    results = list(start().run(read, list(read.blocks)))
    assert [fault(read, read[r.name], r, recorded, project.root) for r in results] == [""] * 5
    assert [entry.heading for entry in read_entries([read])] == ["size of a must match", "size of b must match"]
    assert page.read_text().endswith(tail or "creating.md).\n")


@pytest.mark.parametrize(
    ("address", "heading", "problem"),
    [
        ("troubleshooting/none/size", "Size", "'troubleshooting/none' is no page of entries"),
        ("tensors/views/size", "Size", "'tensors/views' is no page of entries"),
        ("troubleshooting/sums/Size", "Size", "'Size' is not a new name in kebab-case"),
        ("troubleshooting/sums/setup", "Size", "'setup' is not a new name in kebab-case"),
        ("troubleshooting/sums/size", "Known", "the page has an entry 'Known'"),
    ],
)
def test_what_cannot_be_placed_writes_nothing(project, page, address, heading, problem):
    page.write_text(PAGE + "\n## Known\n")
    project.write("docs/tensors/views.md", "# Views\n")
    before = {path: path.read_text() for path in project.root.rglob("*.*") if path.is_file()}
    with pytest.raises(BadInput, match=problem):
        new_entry(project.root, address, heading)
    assert {path: path.read_text() for path in project.root.rglob("*.*") if path.is_file()} == before
