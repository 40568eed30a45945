"""The entries of the troubleshooting pages: a message that a run produced, its cause, its fix, the lesson about it.

An entry is a `##` section of a page whose front matter has `doing:`. CONTRIBUTING.md shows its form.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from blocks.errors import BadInput
from blocks.outputs.error_messages import complaints
from blocks.read.fences import Fence, read_fences
from blocks.read.front import front_matter
from blocks.read.page import Block, Page
from blocks.read.sections import Section, read_sections
from blocks.text_files import read_text

PART = r"^\*\*{}\.\*\*\s+(?P<text>.+?)(?=\n\s*\n|\Z)"
CODE = re.compile(r"(?<!`)(?P<ticks>`+)(?!`) ?(?P<code>.+?) ?(?<!`)(?P=ticks)(?!`)", re.DOTALL)
LINK = re.compile(r"\]\((?P<path>[^\s):]+\.(?:md|py))(?P<anchor>#[^\s)]+)?\)")
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One message with its place in the guide."""

    page: str
    """Section and stem of its page."""
    group: str
    """Title of its page."""
    doing: str
    """What its reader was doing."""
    heading: str
    """The distinctive part of the message."""
    anchor: str
    """Address on the page."""
    line: int
    """Line of the heading."""
    block: str
    """The block that provokes the message, '' where none can."""
    messages: tuple[str, ...]
    """As runs produced them, on the newest torch first; as they stand on the page where none can be made."""
    older: tuple[str, ...]
    """Wordings that the web quotes."""
    cause: str
    """As Markdown."""
    fix: str
    """As Markdown."""
    lesson: str
    """The page that explains it, and its anchor: `tensors/matmul.md#batches`."""

    @property
    def place(self) -> str:
        """Its page and anchor, as a link from the root of the pages."""
        return f"{self.page}.md#{self.anchor}"


def read_entries(pages: Iterable[Page]) -> list[Entry]:
    """Return the entries of all pages that hold some."""
    return [entry for page in pages for entry in entries_of(page)]


def entries_of(page: Page) -> Iterator[Entry]:
    """Yield the entries of a page; raise `BadInput` for one that lacks a part."""
    text = read_text(page.path)
    was_doing = doing(page.path, text)
    if not was_doing:
        return
    title, fences = TITLE.search(text), read_fences(page.path, text)
    for section in read_sections(page.path, text):
        if section.heading != "Next":
            blocks = [block for block in page.blocks if block.page_line in section]
            first, messages = messages_of(page, section, blocks, [fence for fence in fences if fence.line in section])
            parts = part(page.path, section, "Cause"), part(page.path, section, "Fix")
            where = page.key, title[1] if title else page.key, was_doing, section.heading, section.anchor, section.line
            older = [code["code"] for code in CODE.finditer(part(page.path, section, "Older wordings", required=False))]
            yield Entry(*where, first, tuple(messages), tuple(older), *parts, lesson(page, section))


def doing(path: Path, text: str) -> str:
    """Return what the reader of a page of entries was doing, or '' for another page."""
    return str(front_matter(path, text).get("doing", "")) if path.suffix == ".md" else ""


def messages_of(page: Page, section: Section, blocks: list[Block], fences: list[Fence]) -> tuple[str, list[str]]:
    """Return the block that provokes an entry's message, if there is one, and its messages; refuse one without."""
    texts = [fence for fence in fences if fence.info == "text"]
    if not blocks or (texts and texts[0].line < blocks[0].page_line):
        if not texts:
            problem, advice = "has no message", "Show a block that raises it, or a text fence where none can"
            raise incomplete(page.path, section, problem, advice)
        return "", [texts[0].text.strip()]
    first = blocks[0]
    messages = complaints(page, first) or [fence.text.strip() for fence in texts[:1]]
    if not messages and not (first.mark("cuda") or first.mark("multi_gpu")):
        problem, advice = f"'{first.name}' has printed no message", f"Run pytest {page.path.name} --update-outputs"
        raise incomplete(page.path, section, problem, advice)
    if not first.mark("skip") and (first.kind == "python" or len(blocks) < 2):
        names = [block.name for block in blocks[1:]]
        if f"{first.name}-fixed" not in names:
            raise incomplete(page.path, section, "has no fix that ran", f"Show a block named '{first.name}-fixed'")
    return first.name, messages


def part(path: Path, section: Section, name: str, required: bool = True) -> str:
    """Return the text of the paragraph that begins with a label such as `**Cause.**`, on one line."""
    found = re.search(PART.format(name), section.prose, re.MULTILINE | re.DOTALL)
    if required and not found:
        raise incomplete(path, section, f"has no {name.lower()}", f"Begin a paragraph with **{name}.**")
    return " ".join(found["text"].split()) if found else ""


def lesson(page: Page, section: Section) -> str:
    """Return the page that an entry's lesson leads to, by its path below `docs`."""
    link = LINK.search(part(page.path, section, "Lesson"))
    if not link:
        raise incomplete(
            page.path, section, "has a lesson without a link", "Write **Lesson.** [Title](../section/page.md)."
        )
    return posixpath.normpath(posixpath.join(posixpath.dirname(page.key), link["path"])) + (link["anchor"] or "")


def incomplete(path: Path, section: Section, problem: str, advice: str) -> BadInput:
    """Return the error about an entry."""
    return BadInput(path, section.line, f"the entry '{section.heading}' {problem}", advice)
