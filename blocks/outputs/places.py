"""Where files lie differs from machine to machine: what a block printed, in words that hold on all of them."""

import re
import tempfile
from functools import cache
from pathlib import PurePath

SLASH = r"(?:/|\\{1,2})"  # the second in Windows, doubled in quotes
NAME = r"[^\s'\"/\\:<>()=]+"
START = rf"(?<![\w.<>\\/])(?:[A-Za-z]:)?{SLASH}(?:{NAME}{SLASH})*?"
REST = rf"(?P<rest>(?:{SLASH}{NAME})*)"
INSTALLED = re.compile(rf"{START}(?P<kept>(?:site|dist)-packages(?={SLASH})){REST}")
LIBRARY = re.compile(rf"{START}[Ll]ib(?:64)?(?:{SLASH}python3\.\d+t?)?(?P<rest>(?:{SLASH}\w+)+\.py\b)")
LINE = re.compile(r'(<page>(?:", line |:))\d+')


def without_places(text: str, source: PurePath | None = None) -> str:
    """Return the text with places of files in the same words everywhere.

    `<page>` stands for the file whose code printed it, and `...` for a line of it; `/tmp/...` for a temporary folder;
    `.../` for the folders before the project's files, installed packages and the standard library.
    """
    if "/" not in text and "\\" not in text:
        return text
    if source:
        text = LINE.sub(r"\1...", spellings(source).sub("<page>", text))
    folder = rf"{SLASH}{NAME}(?:{SLASH}tmp(?:{SLASH}tmp[a-z0-9_]{{8}})?)?{REST}"
    text = spellings(PurePath(tempfile.gettempdir()), folder).sub(lambda match: f"/tmp/...{posix(match)}", text)
    text = INSTALLED.sub(lambda match: f".../{match['kept']}{posix(match)}", text)
    text = LIBRARY.sub(lambda match: f"...{posix(match)}", text)
    root = project(source) if source else None
    return spellings(root, REST).sub(lambda match: f"...{posix(match)}", text) if root else text


def posix(match: "re.Match[str]") -> str:
    """Return the rest of a path with the separators of POSIX."""
    return re.sub(SLASH, "/", match["rest"])


@cache
def spellings(path: PurePath, rest: str = "") -> "re.Pattern[str]":
    """Return a pattern of the ways in which a path is written, then of what may follow it."""
    names = SLASH.join(re.escape(name) for name in path.parts[1:])
    drive = re.escape(path.drive) if path.drive else "(?:/private)?"
    return re.compile(rf"(?<![\w.]){drive}{SLASH}{names}(?![\w.-]){rest}", re.IGNORECASE if path.drive else 0)


def project(source: PurePath) -> PurePath | None:
    """Return the folder that holds the folder of pages or snippets that a file lies in."""
    return next(
        (folder.parent for folder in source.parents if folder.name in ("docs", "snippets") and folder.parent.name), None
    )
