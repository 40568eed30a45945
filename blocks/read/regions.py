"""Named regions of a snippet or of its recorded output, between pymdownx snippet markers."""

import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

from blocks.errors import BadInput
from blocks.text_files import read_text, split_lines

MARKER = re.compile(r"^[ \t]*# *-{2,}8<-{2,} *\[ *(?P<kind>\w+) *: *(?P<name>[^\]\s]*) *\][ \t]*$")
LOOSE = re.compile(r"-8<-+ *\[ *(?:start|end)")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
EMPTY_NAMES = {"code", "example", "here", "main", "output", "snippet", "test"}


@dataclass(frozen=True)
class Region:
    """The lines between one pair of markers."""

    name: str
    """Kebab-case, unique in the file."""
    line: int
    """Line of the file that holds the region's first line, counted from 1."""
    text: str
    """The lines as they stand, each with its line end."""

    def shown(self) -> tuple[int, str]:
        """Return the number of the first line of code, and the code without common indentation and blank ends."""
        text = outdented(self.text).rstrip() + "\n"
        code = text.lstrip("\n") or "\n"
        return self.line + len(text) - len(code), code


def outdented(code: str) -> str:
    """Return code at the margin, its blank lines empty, without a change to what is in its strings."""
    lines = split_lines(code)
    first = next((line for line in lines if line.strip()), "")
    margin = first[: len(first) - len(first.lstrip(" "))]
    spaces = margin or any(line.isspace() for line in lines)
    inside = lines_in_strings(code) if spaces else set[int]()
    plain = [line.removeprefix(margin) if line.strip() else "" for line in lines]
    pairs = zip(lines, plain, strict=True)
    return "".join(f"{old if number in inside else new}\n" for number, (old, new) in enumerate(pairs, start=1))


def indented(code: str) -> str:
    """Return code one level deeper, without a change to what is in its strings."""
    inside = lines_in_strings(code)
    lines = enumerate(split_lines(code), start=1)
    return "".join(f"{line}\n" if number in inside or not line else f"    {line}\n" for number, line in lines)


def lines_in_strings(code: str) -> set[int]:
    """Return the numbers of the lines that begin inside a string of several lines."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return set()
    return {line for token in tokens for line in range(token.start[0] + 1, token.end[0] + 1) if token.string.strip()}


def read_regions(path: Path) -> dict[str, Region]:
    """Return the file's regions in order; raise `BadInput` on unpaired, nested or repeated markers."""
    regions: dict[str, Region] = {}
    opened: tuple[str, int] | None = None
    lines = split_lines(read_text(path))
    for number, line in enumerate(lines, start=1):
        found = MARKER.match(line)
        if not found:
            check_no_marker(path, number, line)
            continue
        kind, name = found["kind"], found["name"]
        if kind == "start":
            check_start(path, number, name, opened, regions)
            opened = name, number
        elif kind == "end" and opened and opened[0] == name:
            text = "".join(f"{line}\n" for line in lines[opened[1] : number - 1])
            regions[name] = Region(name, opened[1] + 1, text)
            opened = None
        else:
            raise BadInput(path, number, f"marker [{kind}:{name}] closes nothing", "Pair it with its start marker")
    if opened:
        raise BadInput(path, opened[1], f"region '{opened[0]}' is not closed", f"Add [end:{opened[0]}]")
    return regions


def check_no_marker(path: Path, line: int, text: str) -> None:
    """Refuse a marker that the site or this module might read in another way than it was meant."""
    if LOOSE.search(text):
        advice = "Give it a line of its own, like '# --8<-- [start:slice-rows]'"
        raise BadInput(path, line, "a marker that does not stand alone", advice)


def check_start(path: Path, line: int, name: str, opened: tuple[str, int] | None, regions: dict[str, Region]) -> None:
    """Refuse a start marker that nests, repeats a name, or whose name says nothing."""
    if opened:
        raise BadInput(path, line, f"region '{name}' starts inside '{opened[0]}'", f"End '{opened[0]}' first")
    if name in regions:
        raise BadInput(path, line, f"region '{name}' is already on line {regions[name].line - 1}", "Rename one of them")
    check_name(path, line, name)


def check_name(path: Path, line: int, name: str) -> None:
    """Refuse a block name that is not kebab-case or does not say what the block shows."""
    if not NAME.fullmatch(name):
        raise BadInput(path, line, f"'{name}' is not kebab-case", "Name the block like 'slice-rows'")
    if name[-1].isdigit():
        raise BadInput(
            path, line, f"'{name}' ends in a digit, as names do that say nothing", "Say what it shows in words"
        )
    if name in EMPTY_NAMES:
        raise BadInput(path, line, f"'{name}' does not say what the block shows", "Name the block like 'slice-rows'")
