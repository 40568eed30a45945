"""What a run on coming releases tells: warnings that became errors, and other blocks that fail, as text of an issue."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from blocks.errors import BadInput

WARNING = re.compile(r"^(?:\w+\.)*(\w*Warning): (.*)", re.MULTILINE)
TOLD = re.compile(r"^block '[^']*': (.+)", re.MULTILINE)
DIFFERS = re.compile(r"^[-+] .*", re.MULTILINE)
PLACE = re.compile(r"^ {2}code {4}(\S+)", re.MULTILINE)
SHOWN = 40


@dataclass(frozen=True)
class Failure:
    """One block that failed."""

    block: str
    """Name of its test item."""
    place: str
    """File and line of its code, '' where the report does not tell."""
    warning: str
    """The warning that ended it, or ''."""
    last: str
    """What it came to: the head of a block's report, or the last line of another one."""


def read_report(path: Path) -> tuple[int, list[Failure]]:
    """Return how many items a JUnit report of pytest has, and those that failed."""
    try:
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        raise BadInput(path, 1, f"no report: {error}", "Make it with pytest --junit-xml") from None
    found = [(case, part) for case in cases for part in case if part.tag in ("failure", "error")]
    failures = [failure(case.get("name", ""), part.text or part.get("message") or "") for case, part in found]
    names = {one.block for one in failures}
    return len(cases), [one for one in failures if one.block.removesuffix("[copy]") not in names - {one.block}]


def failure(name: str, text: str) -> Failure:
    """Return what an item's report says."""
    place, warned = PLACE.search(text), WARNING.findall(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = TOLD.findall(text)[:1]
    if told and told[0].endswith(":"):  # the lines that differ follow
        told = [" ".join([*told, *DIFFERS.findall(text)[:2]])]
    last = [*lines[-1:], *told]
    return Failure(name, place[1] if place else "", ": ".join(warned[-1]) if warned else "", last[-1] if last else "")


def issue(total: int, failures: Sequence[Failure], where: str) -> str:
    """Return the issue's text in Markdown, or nothing where all is well."""
    if total and not failures:
        return ""
    warned = [f"- {line(one)}: `{one.warning}`" for one in failures if one.warning]
    failed = [f"- {line(one)}: `{one.last}`" for one in failures if not one.warning]
    parts = [f"{len(failures)} of {total} items fail with {where}."]
    if not total:
        parts = [f"No block ran with {where}."]
    for heading, lines in (("Warnings that became errors", warned), ("Other failures", failed)):
        if lines:
            rest = [f"- and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
            parts += [f"## {heading}", "\n".join(lines[:SHOWN] + rest)]
    return "\n\n".join(parts) + "\n"


def line(one: Failure) -> str:
    """Return the name of a block and where it stands."""
    return f"`{one.block}` ({one.place})" if one.place else f"`{one.block}`"
