"""The difference between what was recorded and what was printed, aligned, with what differs marked."""

import difflib
from collections.abc import Iterator, Mapping

from blocks.outputs.compare import NO_TOLERANCES, NUMBER, agree, same_output

MOST_PAIRS = 10_000
MOST_LINES = 80
LONGEST = 1_000


def difference(
    expected: str, printed: str, varies: bool = False, tolerances: Mapping[str, float] = NO_TOLERANCES
) -> str:
    """Return the lines of both texts: `-` recorded, `+` printed, `?` a mark below each part that differs."""
    wanted, given = expected.splitlines(), printed.splitlines()
    near = wanted if len(wanted) * len(given) <= MOST_PAIRS else []  # else only equal lines are aligned
    keys = {b: next((a for a in near if same_output(a, b, varies, tolerances)), b) for b in set(given)}
    matcher = difflib.SequenceMatcher(None, wanted, [keys[line] for line in given], autojunk=False)
    lines: list[str] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        same = (f"  {line}" for line in given[c:d])
        lines += same if kind == "equal" else changed(wanted[a:b], given[c:d], tolerances)
    left = len(lines) - MOST_LINES
    return "\n".join([line.rstrip() for line in lines[:MOST_LINES]] + [f"  ... and {left} lines more"] * (left > 0))


def changed(wanted: list[str], given: list[str], tolerances: Mapping[str, float]) -> Iterator[str]:
    """Yield the lines that differ, each recorded one above the printed one in its place."""
    for index in range(max(len(wanted), len(given))):
        old, new = (lines[index] if index < len(lines) else None for lines in (wanted, given))
        if old is not None:
            yield f"- {old}"
        if new is not None:
            yield f"+ {new}"
        if old is not None and new is not None and max(len(old), len(new)) <= LONGEST:
            yield f"? {marks(old, new, tolerances)}"


def marks(old: str, new: str, tolerances: Mapping[str, float] = NO_TOLERANCES) -> str:
    """Return carets below what differs in the new line: the whole number where only numbers do."""
    wanted, given = list(NUMBER.finditer(old)), list(NUMBER.finditer(new))
    if NUMBER.sub("#", old).split() == NUMBER.sub("#", new).split() and len(wanted) == len(given):
        pairs = zip(wanted, given, strict=True)
        spans = [b.span() for a, b in pairs if not agree(a, b, tolerances)]
    else:
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        spans = [(c, max(d, c + 1)) for kind, _, _, c, d in matcher.get_opcodes() if kind != "equal"]
    return "".join("^" if any(start <= n < end for start, end in spans) else " " for n in range(len(new) + 1))
