"""Whether one result is right: the block passed, printed what is recorded, and drew what is recorded."""

import contextlib
import dis
import re
from pathlib import Path

from blocks.outputs.compare import same_output
from blocks.outputs.difference import difference
from blocks.outputs.figure_files import figure_fault, figure_path
from blocks.outputs.normalise import normalise
from blocks.outputs.pictures import same_picture
from blocks.read.page import Block, Page
from blocks.run.shared.protocol import Result

UNBOUND = re.compile(r"^NameError: name '(\w+)' is not defined.*", re.MULTILINE)
SHOWN = re.compile(r"\S.*")
STORES = {"STORE_NAME", "STORE_GLOBAL"}


def fault(page: Page, block: Block, result: Result, recorded: dict[str, str], root: Path) -> str:
    """Return what a contributor must know about a result that is not right, or nothing."""
    if result.outcome == "failed":
        return UNBOUND.sub(lambda match: match[0] + bound_later(page, block, match[1]), result.reason)
    return (
        figure_fault(block, result.figures)
        or picture_fault(block, figure_path(page, block, root), result.figures)
        or output_fault(block, result.output, recorded.get(block.name, ""))
    )


def bound_later(page: Page, block: Block, name: str) -> str:
    """Return which block further down the page binds a name, as the end of a sentence, or nothing."""
    for other in page.blocks[page.blocks.index(block) + 1 :]:
        with contextlib.suppress(SyntaxError):
            code = dis.get_instructions(compile(other.code if other.kind == "python" else "", "", "exec"))
            if any(step.opname in STORES and step.argval == name for step in code):
                return f": block '{other.name}', further down, binds it"
    return ""


def output_fault(block: Block, printed: str, expected: str) -> str:
    """Return the difference between what the block printed and its record, or nothing."""
    varies, within = block.mark("varies") is not None, tolerances(block)
    expected, printed = normalise(expected), normalise(printed, block.source.resolve())
    if words_vary(block):
        expected, printed = (SHOWN.sub("...", text) for text in (expected, printed))
    if same_output(expected, printed, varies, within):
        return ""
    lines = difference(expected, printed, varies, within)
    return f"printed output differs from the record (- recorded, + printed):\n{lines}"


def words_vary(block: Block) -> bool:
    """Tell whether the block declares that the words vary too, as in text that a model writes: lines are counted."""
    mark = block.mark("varies")
    return bool(mark and mark.kwargs.get("words"))


def tolerances(block: Block) -> dict[str, float]:
    """Return how far numbers of the block's output may be off, by the word before them, as its mark declares."""
    mark = block.mark("tolerance")
    return {"": next(iter(mark.args), 0.0), **mark.kwargs} if mark else {}


def picture_fault(block: Block, path: Path, figures: tuple[str, ...]) -> str:
    """Return why the picture is not the recorded one, or nothing."""
    if not figures:
        return f"{path} is recorded, and the block draws nothing" if path.exists() else ""
    if not path.exists():
        return f"no picture is recorded at {path}"
    varies = block.mark("varies") is not None
    if not same_picture(path.read_text("utf-8"), figures[0], varies, tolerances(block)):
        return f"the picture differs from {path}"
    return ""
