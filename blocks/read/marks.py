"""What a page declares about a block in the comments above its fence."""

import datetime
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blocks.errors import BadInput
from blocks.read.arguments import Libraries, is_pattern, is_specifier, is_tolerance

KNOWN = {
    "cuda": "needs a CUDA device",
    "ends_process": "ends its process, which is one of its own, saying what matches match=",
    "figure": "draws; alt= says what the picture shows, caption= stands below it",
    "multi_gpu": "needs two CUDA devices or more",
    "needs": "needs the earlier blocks named, beside those that bind or change the names it reads",
    "network": "needs the network",
    "not_in_notebook": "runs as a script and not in a notebook; reason= says why",
    "raises": "ends with the exception given, its message matching match=",
    "skip": "is not executed; reason= says why, until= how long",
    "skipif": "is not executed when the condition holds; reason= says why, until= how long",
    "slow": "takes longer than a page should",
    "tolerance": "prints numbers that may be off by so much: all floats, or those after the words given",
    "torch": 'needs a torch version, such as ">=2.13"',
    "varies": "prints numbers that vary; reason= says why",
    "warns": "warns with the category given, the text matching match=",
    "xfail": "is expected to fail; reason= says why, until= how long",
}
KEYWORDS = {
    "ends_process": {"match"},
    "figure": {"alt", "caption"},
    "not_in_notebook": {"reason"},
    "raises": {"match"},
    "skip": {"reason", "until"},
    "skipif": {"reason", "until"},
    "varies": {"reason"},
    "warns": {"match"},
    "xfail": {"reason", "raises", "strict", "until"},
}
LEFT_OUT = ("reason", "until")
TEXT_REQUIRED = {"figure": ("alt",), "skip": LEFT_OUT, "skipif": LEFT_OUT, "xfail": LEFT_OUT}
TEXT_REQUIRED |= {"not_in_notebook": ("reason",), "varies": ("reason",)}
TOLERANCE = "needs positive numbers, such as tolerance(0.02) or tolerance(accuracy=0.02, loss=0.1)"
PERMANENT = "permanent"
POSITIONAL = {"skipif": 1, "torch": 1}
CLASSES: dict[str, type[BaseException]] = {"raises": BaseException, "warns": Warning}


@dataclass(frozen=True)
class Mark:
    """One `pytest.mark.NAME(...)` comment."""

    name: str
    """One of `KNOWN`."""
    args: tuple[Any, ...] = ()
    """Positional arguments, evaluated."""
    kwargs: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments, evaluated."""

    def __call__(self, *args: Any, **kwargs: Any) -> "Mark":
        return Mark(self.name, args, kwargs)


class _Namespace:
    """Stands for `pytest` and `pytest.mark` in a comment: any attribute is a mark."""

    @property
    def mark(self) -> "_Namespace":
        return self

    def __getattr__(self, name: str) -> Mark:
        return Mark(name)


class _Torch:
    """Stands for `torch` in a comment: imported only when a condition asks for it."""

    def __getattr__(self, name: str) -> Any:
        import torch

        return getattr(torch, name)


def read_mark(text: str, path: Path, line: int) -> Mark:
    """Return the mark that a comment such as ``pytest.mark.skip(reason="...")`` declares."""
    name = re.match(r"pytest\.mark\.(\w+)", text)
    kind = CLASSES.get(name[1]) if name else None
    known = {"pytest": _Namespace(), **({} if kind else {"sys": sys, "torch": _Torch()})}
    try:
        mark = eval(text, {}, Libraries(known, kind))
    except (Exception, SystemExit) as error:
        raise BadInput(path, line, f"mark '{text}' cannot be read: {error}", "Mend the comment") from None
    if not isinstance(mark, Mark) or mark.name not in KNOWN:
        raise BadInput(path, line, f"unknown mark '{text}'", f"Use one of {', '.join(sorted(KNOWN))}")
    for required in TEXT_REQUIRED.get(mark.name, ()):
        value = mark.kwargs.get(required)
        if not isinstance(value, str) or not value.strip():
            raise BadInput(path, line, f"mark '{mark.name}' without {required}", f'Write {mark.name}({required}="...")')
    if fault := misuse(mark) or expired(mark, datetime.date.today()):
        raise BadInput(path, line, f"mark '{mark.name}' {fault}", "CONTRIBUTING.md shows how each mark is written")
    return mark


def expired(mark: Mark, today: datetime.date) -> str:
    """Return what is wrong with the last day of a mark that leaves its block out, or nothing."""
    until = mark.kwargs.get("until", PERMANENT)
    if until == PERMANENT:
        return ""
    try:
        past = datetime.date.fromisoformat(until) < today
    except ValueError:
        return f"has until={until!r}, neither a date such as 2027-05-01 nor '{PERMANENT}'"
    return f"expired on {until}: mend the block, or say why it needs longer" if past else ""


def misuse(mark: Mark) -> str:
    """Return what is wrong with the mark's arguments, or nothing."""
    unknown = mark.kwargs.keys() - KEYWORDS.get(mark.name, set())
    if unknown and mark.name != "tolerance":
        return f"takes no {sorted(unknown)[0]}="
    base = CLASSES.get(mark.name)
    if base:
        classes = all(isinstance(kind, type) and issubclass(kind, base) for kind in mark.args)
        if not mark.args or not classes:
            what = "warnings" if base is Warning else "exceptions"
            return f"needs a class of {what}; name one of a module in full, such as torch.OutOfMemoryError"
        pattern = mark.kwargs.get("match", "")
        return "" if is_pattern(pattern) else f"has match={pattern!r}, which is no regular expression"
    if mark.name == "ends_process" and not is_pattern(mark.kwargs.get("match", "")):
        return f"has match={mark.kwargs['match']!r}, which is no regular expression"
    if mark.name == "tolerance":
        values = [*mark.args, *mark.kwargs.values()]
        return "" if len(mark.args) < 2 and values and all(map(is_tolerance, values)) else TOLERANCE
    if mark.name == "needs":
        named = mark.args and all(isinstance(name, str) for name in mark.args)
        return "" if named else 'takes the names of blocks, such as needs("make-rows")'
    if len(mark.args) != POSITIONAL.get(mark.name, 0):
        return f"takes {POSITIONAL.get(mark.name, 0)} positional arguments"
    return "" if mark.name != "torch" or is_specifier(mark.args[0]) else f"names no versions: {mark.args[0]!r}"
