"""The sections of a page: each `##` heading with the anchor that the site gives it, and the lines below it."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from blocks.errors import BadInput
from blocks.read.spans import find_spans
from blocks.text_files import split_lines

HEADING = re.compile(r"^## +(?P<title>.*?)(?: +\{ *#(?P<anchor>[\w-]+) *\})? *#* *$")
QUOTED = re.compile(r"(?P<ticks>`+).+?(?P=ticks)|\\.")
UNQUOTED = re.compile(r"<[A-Za-z/!]|__(?=\w+__)")
MARKUP = re.compile(r"(?P<ticks>`+)(?P<code>.+?)(?P=ticks)|\\(?=[^A-Za-z0-9\s])")


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, up to the next."""

    heading: str
    """Its text, without the markup of code."""
    anchor: str
    """Its address on the page."""
    line: int
    """The line of the heading, counted from 1."""
    text: str
    """The lines below it."""
    prose: str
    """The same without fences and comments."""

    def __contains__(self, line: int) -> bool:
        return self.line < line <= self.line + self.text.count("\n")


def read_sections(path: Path, text: str) -> list[Section]:
    """Return the page's sections in order; refuse two with one address."""
    lines = split_lines(text)
    fenced = {n for opening, end, _ in find_spans(path, lines) for n in range(opening, end + 1)}
    found = [(n, match) for n, line in enumerate(lines, 1) if n not in fenced and (match := HEADING.match(line))]
    ends = [*(number for number, _ in found), len(lines) + 1][1:]
    sections: dict[str, Section] = {}
    for (number, match), end in zip(found, ends, strict=True):
        if begun := UNQUOTED.search(QUOTED.sub("", match["title"])):
            what = "HTML" if begun[0][0] == "<" else "bold text"
            raise BadInput(path, number, f"'{begun[0]}' in a heading begins {what}", "Put it between backticks")
        heading = MARKUP.sub(lambda found: found["code"] or "", match["title"])
        anchor = match["anchor"] or slug(heading)
        if anchor in sections:
            problem = f"the section on line {sections[anchor].line} has the address #{anchor} too"
            raise BadInput(path, number, problem, "Choose another heading")
        inside = range(number + 1, end)
        prose = "".join(f"{lines[n - 1]}\n" for n in inside if n not in fenced and not lines[n - 1].startswith("<!--"))
        whole = "".join(f"{lines[n - 1]}\n" for n in inside)
        sections[anchor] = Section(heading, anchor, number, whole, prose)
    return list(sections.values())


def slug(heading: str) -> str:
    """Return the address that Python-Markdown makes of a heading."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())
