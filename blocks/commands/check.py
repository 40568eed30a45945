"""A page's style, as far as a program can judge it: errors, which the tests hold, and advice."""

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from blocks.errors import BadInput
from blocks.outputs.entries import doing
from blocks.read.front import front_matter
from blocks.read.page import Page, read_page
from blocks.read.paths import find_pages, is_page
from blocks.read.spans import find_spans
from blocks.read.tutorial import is_tutorial
from blocks.text_files import read_text, split_lines

HELP = "check the style of pages; all of them without an argument"
HEADING = re.compile(r"^(#+) +(.*?)(?: *\{.*\})?$")
EMPTY_HEADINGS = {"Usage", "Notes", "Note", "Example", "Examples", "Summary"}
PICTURE = re.compile(r"!\[\s*\]\(")
BARE_LINK = re.compile(r"\[(?:here|this|link|click here)\]\(", re.IGNORECASE)
ADMONITION = re.compile(r"^(?:!!!|\?\?\?) ")
LONGEST_BLOCK, SHORTEST_BLOCK, LONGEST_SNIPPET, MOST_WORDS, MOST_ADMONITIONS = 20, 3, 150, 1200, 3
LONGEST_FILE = 40  # a block that is a program of its own cannot leave its imports and its guard to others


@dataclass(frozen=True)
class Remark:
    """One thing about a page's style."""

    path: Path
    """The page or its snippet."""
    line: int
    """Where it is."""
    text: str
    """What it is, and what to do."""
    error: bool = True
    """Whether it must be mended; advice otherwise."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("pages", nargs="*", type=Path, help="such as docs/tensors/creating.md")


def run(root: Path, options: argparse.Namespace) -> int:
    """Print every remark; return 1 if one is an error."""
    pages = [path.resolve() for path in options.pages] or find_pages(root)
    for path in pages:
        if not path.is_file() or not is_page(path, root):
            raise BadInput(path, 1, "no such page", "Write it like docs/tensors/creating.md")
    remarks = [remark for path in pages for remark in check(read_page(path, root))]
    for remark in remarks:
        place = f"{remark.path.relative_to(root)}:{remark.line}"
        print(f"{place}: {'error' if remark.error else 'advice'}: {remark.text}")
    return int(any(remark.error for remark in remarks))


def check(page: Page) -> Iterator[Remark]:
    """Yield what there is to say about the page's blocks, and about its text."""
    of_entries = bool(doing(page.path, read_text(page.path)))  # short programs, and as many as there are messages
    for block in page.blocks:
        lines = sum(bool(line.strip()) for line in block.code.splitlines())
        longest = LONGEST_FILE if block.file else LONGEST_BLOCK
        if lines > longest:
            yield Remark(block.source, block.line, f"'{block.name}' has {lines} lines: split it at {longest}")
        elif lines < SHORTEST_BLOCK and block.kind == "python" and not (of_entries or block.mark("raises")):
            few = "one line" if lines == 1 else f"{lines} lines"
            yield Remark(block.source, block.line, f"'{block.name}' has {few}: could it join another?", False)
    length = len(split_lines(read_text(page.snippet))) if page.blocks and page.snippet.exists() else 0
    if length > LONGEST_SNIPPET and not is_tutorial(page.path) and not of_entries:
        yield Remark(page.snippet, LONGEST_SNIPPET, f"{length} lines: {LONGEST_SNIPPET} is the aim of a page", False)
    if page.path.suffix == ".md":
        yield from (remark for remark in check_text(page.path) if remark.error or not of_entries)
    yield from missing_aims(page)


def missing_aims(page: Page) -> Iterator[Remark]:
    """Yield what the front matter of a page with code lacks; the home page needs none."""
    front = front_matter(page.path, read_text(page.path))
    for name in ("learn", "recap") if page.blocks and page.path.stem != "index" else ():
        if name not in front:
            yield Remark(page.path, 1, f"no '{name}' in the front matter: two or three phrases")


def check_text(path: Path) -> Iterator[Remark]:
    """Yield what there is to say about a page's headings, pictures, links, words and the text between its blocks."""
    lines = split_lines(read_text(path))
    spans = find_spans(path, lines)
    for (opening, end, _), (start, _, _) in pairwise(spans):
        between = [line for line in lines[end : start - 1] if line.strip() and not line.strip().startswith("<!--")]
        if not between and "python" in lines[opening - 1] and "python" in lines[start - 1]:
            yield Remark(path, start, "two blocks in a row: say in a sentence what the second is about")
    fenced = {number for opening, end, _ in spans for number in range(opening, end + 1)}
    prose = {number: line for number, line in enumerate(lines, start=1) if number not in fenced}
    for number, line in prose.items():
        yield from (Remark(path, number, text) for text in faults(line))
    words = sum(len(line.split()) for line in prose.values())
    if words > MOST_WORDS:
        yield Remark(path, 1, f"{words} words: a page reads best with 400 to 700", False)
    admonitions = [number for number, line in prose.items() if ADMONITION.match(line) and "success" not in line]
    if len(admonitions) > MOST_ADMONITIONS:
        yield Remark(path, admonitions[-1], f"{len(admonitions)} admonitions: about one a page is seen", False)


def faults(line: str) -> Iterator[str]:
    """Yield what must be mended in a line of prose."""
    heading = HEADING.match(line)
    if heading:
        depth, title = len(heading[1]), heading[2]
        if depth > 3:
            yield "a heading deeper than ###: make it a sentence"
        if title in EMPTY_HEADINGS:
            yield f"'{title}' says nothing: name the task"
    if PICTURE.search(line):
        yield "a picture without alternative text: say what it shows"
    if BARE_LINK.search(line):
        yield "a link whose text does not say where it leads"
