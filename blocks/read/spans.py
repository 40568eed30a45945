"""Where the fences of a page open and close, and what kind of code each announces."""

import re
from pathlib import Path

from blocks.errors import BadInput

OPENING = re.compile(r"^(?P<prefix>[ >]*)(?P<ticks>`{3,}|~{3,})(?P<info>.*)$")
VALUE = """("[^"]*"|'[^']*')"""
PLAIN = rf"(\.?[\w#+-][\w#.+-]*)?( +(title|hl_lines|linenums)={VALUE})*"
BRACED = rf"(\.?[\w#+-][\w#.+-]*)? *\{{( *([.#][\w-]+|[\w-]+(={VALUE})?))* *\}}"
INFO = re.compile(rf" *({PLAIN}|{BRACED}) *")
OPTION = re.compile(r"""[\w-]+=("[^"]*"|'[^']*'|\S*)|#\S+|[{}]""")
PYTHON = "python py python2 py2 python3 py3 pycon pyi python-console ipython ipython3 ipythonconsole numpy sage"
KINDS = dict.fromkeys(PYTHON.split(), "python") | dict.fromkeys(("bash", "sh", "ksh", "shell", "zsh"), "bash")
ADVICE = "Let each line of a fence, and the ticks that close it, start in the column of the opening ticks"
Spans = list[tuple[int, int, re.Match[str]]]


def find_spans(path: Path, lines: list[str]) -> Spans:
    """Return opening line, closing line and opening match of every fence."""
    spans: Spans = []
    for number, line in enumerate(lines, start=1):
        opening = OPENING.match(line) if not spans or number > spans[-1][1] else None
        if opening and not INFO.fullmatch(opening["info"]):
            problem = f"'{opening['info'].strip()}' behind {opening['ticks']} is no language with options"
            raise BadInput(path, number, problem, """Write it like ```python title="A title\"""")
        if opening and "linenums" in opening["info"]:
            raise BadInput(path, number, "line numbers break the frame of a block", "Leave linenums out")
        if opening:
            spans.append((number, find_closing(path, lines, number, opening), opening))
    return spans


def find_closing(path: Path, lines: list[str], start: int, opening: re.Match[str]) -> int:
    """Return the line that closes the fence opened on line `start`; refuse one that is left before it is closed."""
    prefix, ticks = opening["prefix"], opening["ticks"]
    for number, line in enumerate(lines[start:], start=start + 1):
        head, rest = line[: len(prefix)], line[len(prefix) :]
        if not line.strip(" >"):
            continue
        if head.strip(" >") or len(head) < len(prefix) or head.count(">") != prefix.count(">"):
            raise BadInput(path, number, f"fence {ticks} of line {start} is not closed before this line", ADVICE)
        if rest.rstrip(" ") == ticks:
            return number
    raise BadInput(path, start, f"fence {ticks} is not closed", f"Close it with {ticks}")


def language(info: str) -> str:
    """Return the kind of code that a fence's info string announces: `python`, `bash` or ''."""
    words = OPTION.sub(" ", info).split()
    return KINDS.get(words[0].lstrip(".").lower(), "") if words else ""
