"""Programs to take away: a page as a script, a block with what it needs as a script."""

import re
from collections.abc import Collection
from dataclasses import replace

from blocks.read.page import Block, Page
from blocks.read.pointers import POINTER
from blocks.read.regions import MARKER, indented
from blocks.text_files import read_text, split_lines


def program(page: Page, without: Collection[str] = ()) -> str:
    """Return the snippet's text without region markers, blank lines tidied, each block as a script holds it.

    Where only a part of it can run, the blocks named in `without` are commented out.
    """
    lines = split_lines(read_text(page.snippet)) if page.codes else []
    places = {block.name: place(page, index) for index, block in enumerate(page.blocks)}
    for block in reversed(page.blocks):
        start, end = places[block.name]
        if (text := in_script(block, block.name in without)) != block.code:
            lines[start:end] = split_lines(indented(text) if block.guarded else text)
    text = "\n".join(POINTER.sub("", line) for line in lines if not MARKER.match(line))
    return re.sub(r"\n{4,}", "\n\n\n", text).strip() + "\n"


def place(page: Page, index: int) -> tuple[int, int]:
    """Return which lines of the snippet a block stands for: those of its code, for a shell block none."""
    block = page.blocks[index]
    if block.kind == "python":
        return block.line - 1, block.line - 1 + block.code.count("\n")
    before = [part for part in page.blocks[:index] if part.kind == "python"]
    if before:
        end = before[-1].line - 1 + before[-1].code.count("\n")
        return end, end
    return (page[next(iter(page.codes))].line - 2,) * 2 if page.codes else (0, 0)


def in_script(block: Block, cannot: bool = False) -> str:
    """Return the block as a script holds it: a shell called, what raises guarded, what is skipped commented out."""
    if reason := left_out(block) or ("cannot run here" if cannot else ""):
        lines = [f"{reason}:", *split_lines(block.code)] if block.kind == "python" else []
        comments = "".join(f"# {line}".rstrip() + "\n" for line in lines)
        return f"pass\n{comments}" if block.guarded else comments
    if block.kind == "bash":
        return f'\n\nimport subprocess\n\nsubprocess.run(["bash", "-e", "-c", {block.code!r}], check=True)\n'
    if block.file:
        return replace(block, guarded=False).text
    return raising(block) if block.mark("raises") else block.code


def left_out(block: Block) -> str:
    """Return why a block is no part of its page's whole program, or nothing."""
    if skip := block.mark("skip"):
        return f"not executed, {skip.kwargs['reason']}"
    return "to be run alone, since it ends its process" if block.mark("ends_process") else ""


def raising(block: Block) -> str:
    """Return the block's code so that a script prints the exception that it ends with, and goes on."""
    mark = block.mark("raises")
    kinds = mark.args if mark else ()
    caught = "Exception" if all(issubclass(kind, Exception) for kind in kinds) else "BaseException"
    name = "type(error).__name__"
    if any(kind.__module__ != "builtins" for kind in kinds):
        name = f"type(error).__module__}}.{{{name}"
    shown = f'    print(f"{{{name}}}: {{error}}".removesuffix(": ").rstrip())\n'
    future = f"{block.future}\n" if block.future else ""
    return f"{future}try:\n{indented(block.code.removeprefix(future))}except {caught} as error:\n{shown}"


def heading(key: str, block: Block, torch: str) -> str:
    """Return the first line of a block's script: where it is from, and the newest torch in which it passed."""
    tested = f"tested with torch {torch}" if torch else "not yet tested"
    return f"# PyTorch Deep Dive, {key}: {block.name}, {tested}"


def script(page: Page, key: str, block: Block, torch: str) -> str:
    """Return what "Copy as script" gives: the heading, the blocks that the block needs, the block."""
    return "\n".join([heading(key, block, torch), *(part.text for part in page.program(block))])
