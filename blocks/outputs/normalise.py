"""What a block printed, without what differs from run to run and from machine to machine."""

import re
from pathlib import PurePath

from blocks.outputs.places import without_places

CONTROL = (
    (re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])"), ""),  # colours, links
    (re.compile("\r"), "\n"),  # a line drawn over, such as a progress bar
    (re.compile(r"[\x00-\x08\x0b-\x1f\x7f]"), ""),
)
VOLATILE = (
    (re.compile(r"\b(at|object) 0x[0-9a-fA-F]{8,}\b"), r"\1 0x..."),  # other hexadecimal numbers are values
    (re.compile(r" \(Triggered internally at [^)]*\)"), ""),
)
RANKS = re.compile(r"(?:^rank \d+: .*(?:\n|\Z)){2,}", re.MULTILINE)


def normalise(text: str, source: PurePath | None = None) -> str:
    """Return the text without control characters and what differs from run to run: addresses and places of files.

    Lines of several processes, `rank 1: ...`, stand in the order of their ranks, whichever came first.
    `source` is the file whose code printed it: `<page>` stands for that, `.../` for the project it lies in.
    """
    text = RANKS.sub(lambda found: sort_ranks(found[0]), text)
    for pattern, substitute in (*CONTROL, *VOLATILE):
        text = pattern.sub(substitute, text)
    return without_places(text, source)


def sort_ranks(text: str) -> str:
    """Return lines of several ranks in the order of the ranks; those of one rank stay as they came."""
    lines = sorted(text.splitlines(), key=lambda line: int(line.split()[1].rstrip(":")))
    return "\n".join(lines) + ("\n" if text.endswith("\n") else "")
