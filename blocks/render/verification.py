"""The verification page: totals, page by environment, every block that is not executed, the raw records."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from blocks.read.page import Block, Page
from blocks.record.record import Record, code_hash, page_key

PLACE = "<!-- verification -->"
TOTALS = "<!-- totals -->"


def totals(pages: Sequence[Page], records: Sequence[Record], root: Path) -> str:
    """Return one sentence: pages, blocks, and how many of them passed on each kind of device."""
    blocks = [(page, block) for page in pages for block in page.blocks]
    skipped = sum(1 for _, block in blocks if block.mark("skip"))
    text = f"{sum(1 for page in pages if page.blocks)} pages, {len(blocks):,} blocks"
    for device, name in (("cpu", "CPU"), ("cuda", "CUDA")):
        here = [record for record in records if record.environment.device == device]
        passed = sum(any(verdict(page, block, record, root) == "passed" for record in here) for page, block in blocks)
        text += f"; {passed:,} passed on {name}" if passed else f"; not yet run on {name}"
    return f"{text}; {skipped} not executed."


def verification(pages: Sequence[Page], records: Sequence[Record], root: Path) -> str:
    """Return the page's Markdown: totals, the matrix, skips, and links to the records."""
    executed = [page for page in pages if page.blocks]
    return "\n\n".join(
        [
            totals(pages, records, root),
            "## Pages and environments",
            matrix(executed, records, root),
            "## Not executed",
            skips(executed, root),
            "## Records",
            sources(records),
        ]
    )


def verdict(page: Page, block: Block, record: Record, root: Path) -> str:
    """Return the record's verdict on exactly this code, or ''."""
    return record.verdict(page_key(page, root), block.name, code_hash(page, block))


def matrix(pages: Sequence[Page], records: Sequence[Record], root: Path) -> str:
    """Return a table with a row for each page and a column for each environment."""
    if not records:
        return "No record yet."
    heads = [str(record.environment) for record in records]
    rows = [["Page", "Blocks", *heads], ["---"] * (len(heads) + 2)]
    for page in pages:
        cells = [count(page, record, root) for record in records]
        rows.append([page_key(page, root), str(len(page.blocks)), *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def count(page: Page, record: Record, root: Path) -> str:
    """Return how the page's blocks did in one environment, in words."""
    verdicts = [verdict(page, block, record, root).split(":")[0] for block in page.blocks]
    words = [(verdicts.count(name), name) for name in ("passed", "failed", "skipped")]
    words.append((verdicts.count(""), "not yet run"))
    return ", ".join(f"{number} {name}" for number, name in words if number)


def skips(pages: Sequence[Page], root: Path) -> str:
    """Return a list of the blocks that are not executed, each with its reason."""
    blocks = [(page, block, mark) for page in pages for block in page.blocks if (mark := block.mark("skip"))]
    lines = [f"- `{page_key(page, root)}::{block.name}`: {mark.kwargs['reason']}" for page, block, mark in blocks]
    return "\n".join(lines) or "Every block is executed."


def sources(records: Sequence[Record]) -> str:
    """Return a list of links to the records as JSON, with their dates."""
    lines = [
        f"- [{escape(str(record.environment))}](../records/{record.environment.id}.json), {record.date}"
        for record in records
    ]
    return "\n".join(lines) or "No record yet."
