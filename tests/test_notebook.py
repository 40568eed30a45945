"""A page as a notebook: cells named like blocks, outputs as recorded, and a cell that raises allowed to."""

import json

import nbformat

from blocks.record.outputs import write_outputs
from blocks.render.notebook import notebook


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
