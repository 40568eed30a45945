"""What a page declares about a block in the comments above its fence."""

import datetime
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blocks.errors import BadInput
from blocks.read.arguments import Libraries
from blocks.read.signatures import MARKS, missing_argument, misuse

PERMANENT = "permanent"
CLASSES: dict[str, type[BaseException]] = {"raises": BaseException, "warns": Warning}


@dataclass(frozen=True)
class Mark:
    """One `pytest.mark.NAME(...)` comment."""

    name: str
    """One of `MARKS`."""
    args: tuple[Any, ...] = ()
    """Positional arguments, evaluated."""
    kwargs: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments, evaluated."""

    def __call__(self, *args: Any, **kwargs: Any) -> "Mark":
        return Mark(self.name, args, kwargs)


class _Torch:
    """Stands for `torch` in a comment: imported only when a condition asks for it."""

    def __getattr__(self, name: str) -> Any:
        import torch

        return getattr(torch, name)


def read_mark(text: str, path: Path, line: int) -> Mark:
    """Return the mark that a comment such as ``pytest.mark.skip(reason="...")`` declares."""
    call = text.removeprefix("pytest.mark.")
    name = call.partition("(")[0].strip()
    if name not in MARKS:
        raise BadInput(path, line, f"unknown mark '{text}'", f"Use one of {', '.join(sorted(MARKS))}")
    kind = CLASSES.get(name)
    known = {} if kind else {"sys": sys, "torch": _Torch()}
    try:
        mark = eval(call, {}, Libraries({**known, name: Mark(name)}, kind))
        if not isinstance(mark, Mark):
            raise TypeError("it is no mark")
    except (Exception, SystemExit) as error:
        raise BadInput(path, line, f"mark '{text}' cannot be read: {error}", "Mend the comment") from None
    if word := missing_argument(mark.name, mark.kwargs):
        raise BadInput(path, line, f"mark '{mark.name}' without {word}", f'Write {mark.name}({word}="...")')
    if fault := misuse(mark.name, mark.args, mark.kwargs) or expired(mark, datetime.date.today()):
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
