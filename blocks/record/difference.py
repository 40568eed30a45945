"""The difference between what was recorded and what was printed, aligned, with what differs marked."""

import difflib
from collections.abc import Iterator, Mapping

from blocks.record.compare import NO_TOLERANCES, NUMBER, same_number, same_output


def difference(
    expected: str, printed: str, varies: bool = False, tolerances: Mapping[str, float] = NO_TOLERANCES
) -> str:
    """Return the lines of both texts: `-` recorded, `+` printed, `?` a mark below each part that differs."""
    wanted, given = expected.splitlines(), printed.splitlines()
    agreeing = {(a, b) for a in set(wanted) for b in set(given) if same_output(a, b, varies, tolerances)}
    keys = {b: next((a for a in wanted if (a, b) in agreeing), b) for b in given}
    matcher = difflib.SequenceMatcher(None, wanted, [keys[line] for line in given], autojunk=False)
    lines: list[str] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        lines += [f"  {line}" for line in given[c:d]] if kind == "equal" else changed(wanted[a:b], given[c:d])
    return "\n".join(line.rstrip() for line in lines)


def changed(wanted: list[str], given: list[str]) -> Iterator[str]:
    """Yield the lines that differ, each recorded one above the printed one in its place."""
    for index in range(max(len(wanted), len(given))):
        old, new = (lines[index] if index < len(lines) else None for lines in (wanted, given))
        if old is not None:
            yield f"- {old}"
        if new is not None:
            yield f"+ {new}"
        if old is not None and new is not None:
            yield f"? {marks(old, new)}"


def marks(old: str, new: str) -> str:
    """Return carets below what differs in the new line: the whole number where only numbers do."""
    wanted, given = list(NUMBER.finditer(old)), list(NUMBER.finditer(new))
    if NUMBER.sub("#", old).split() == NUMBER.sub("#", new).split() and len(wanted) == len(given):
        pairs = zip(wanted, given, strict=True)
        spans = [b.span() for a, b in pairs if not same_number(a[0], b[0])]
    else:
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        spans = [(c, max(d, c + 1)) for kind, _, _, c, d in matcher.get_opcodes() if kind != "equal"]
    return "".join("^" if any(start <= n < end for start, end in spans) else " " for n in range(len(new) + 1))
