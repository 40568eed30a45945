"""A page as plain Markdown: its code, outputs and pictures in place, for people and machines without the site."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from blocks.outputs.figure_files import figure_path
from blocks.outputs.store import read_outputs
from blocks.read.fences import read_fences
from blocks.read.front import front_matter, without_front
from blocks.read.page import Block, Page
from blocks.read.tutorial import is_tutorial, read_prose
from blocks.render.aims import BOLD, with_aims
from blocks.text_files import read_text

PLACE = r"""(?P<path>[^\s):#]+\.\w+)(?P<anchor>#[^\s)]*)?"""
TITLE = r"""(?:[ \n]+(?:"[^"]*"|'[^']*'))?[ ]*"""
LINK = re.compile(rf"(?<=\]\(){PLACE}(?={TITLE}\))")
REFERENCE = re.compile(rf"^(?P<head>[ ]{{0,3}}\[[^\]\n]+\]:[ ]+){PLACE}(?={TITLE}$)", re.MULTILINE)
FENCE_OR_CODE = r"^[ >]*(?P<ticks>`{3,}|~{3,})[^\n]*\n.*?^[ >]*(?P=ticks)[ ]*$|`[^`\n]*`"
SEAM = "\0"  # between stretches of prose, while they are one text
COMMENT = re.compile(rf"(?P<code>{FENCE_OR_CODE})|[ \t]*<!--.*?-->\n?", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """A stretch of prose, or one block."""

    text: str
    """The prose, '' for a block."""
    block: Block | None = None
    """The block, None for prose."""
    prefix: str = ""
    """The indentation of the block's fence."""


def parts(page: Page) -> Iterator[Part]:
    """Yield the page's prose, with its aims, and blocks in order; fences that are not run stay prose."""
    bare, front = list(stretches(page)), front_matter(page.path, read_text(page.path))
    prose = with_aims(page.path, SEAM.join(part.text for part in bare), front, BOLD).split(SEAM)
    for part, text in zip(bare, prose, strict=True):
        yield replace(part, text=text)


def stretches(page: Page) -> Iterator[Part]:
    """Yield what the page's file holds, prose and blocks in order, prose last."""
    if is_tutorial(page.path):
        for text, name in read_prose(page.path):
            yield Part(text) if name is None else Part("", page[name])
        yield Part("")
        return
    text = read_text(page.path)
    lines, blocks, position = text.splitlines(keepends=True), iter(page.blocks), 0
    for fence in read_fences(page.path, text):
        if fence.kind:
            yield Part(clean("".join(lines[position : fence.line - 1])))
            yield Part("", next(blocks), fence.prefix)
            position = fence.end
    yield Part(clean("".join(lines[position:])))


def clean(text: str) -> str:
    """Return prose without front matter and comments, but for those that are shown as code."""
    return COMMENT.sub(lambda found: found["code"] or "", without_front(text))


def markdown(page: Page, root: Path, address: Callable[[str, str], str]) -> str:
    """Return the whole page as Markdown; `address` turns a link's path and anchor into an absolute address."""
    outputs = read_outputs(page.snippet)
    pieces = []
    for part in parts(page):
        if part.block is None:
            pieces.append(with_links(part.text, address))
            continue
        pieces.append(fenced(part.block.kind, part.block.code, part.prefix))
        if printed := outputs.get(part.block.name):
            pieces.append(f"\n{part.prefix}Output:\n\n" + fenced("text", printed, part.prefix))
        figure = part.block.mark("figure")
        if figure:
            picture = figure_path(page, part.block, root).relative_to(root / "docs").as_posix()
            pieces.append(f"\n{part.prefix}![{figure.kwargs['alt']}]({address(picture, '')})\n")
    return "".join(pieces).strip() + "\n"


def fenced(language: str, text: str, prefix: str) -> str:
    """Return a fenced block behind the prefix, its fence longer than any run of backticks inside."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    lines = [f"{ticks}{language}", *text.rstrip("\n").splitlines(), ticks]
    return "".join(f"{prefix}{line}".rstrip() + "\n" for line in lines)


def with_links(text: str, address: Callable[[str, str], str]) -> str:
    """Return prose whose links to pages and pictures are absolute."""

    def absolute(link: re.Match[str]) -> str:
        path = re.sub(r"^(?:\.\.?/)+(?=assets/)", "", link["path"])  # the pictures' folder lies below the root
        return link.groupdict().get("head", "") + address(path, link["anchor"] or "")

    return REFERENCE.sub(absolute, LINK.sub(absolute, text))
