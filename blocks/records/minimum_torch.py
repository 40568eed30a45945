"""From which torch on a block, or a whole page, works: computed from the records, never typed."""

from collections import defaultdict
from collections.abc import Sequence

from packaging.version import Version

from blocks.read.page import Block, Page
from blocks.records.record import Record, code_hash


def works_from(page: Page, block: Block, records: Sequence[Record]) -> str:
    """Return the oldest torch from which on exactly this code passed wherever it was executed, or ''."""
    key, code = page.key, code_hash(page, block)
    verdicts: dict[Version, set[str]] = defaultdict(set)
    for record in records:
        verdict = record.verdict(key, block.name, code)
        if verdict in ("passed", "failed"):
            verdicts[Version(record.environment.torch)].add(verdict)
    oldest = ""
    for version in sorted(verdicts, reverse=True):
        if verdicts[version] != {"passed"}:
            break
        oldest = f"{version.major}.{version.minor}"
    return oldest


def page_works_from(page: Page, records: Sequence[Record]) -> str:
    """Return the oldest torch from which on every block of the page works, or '' if one works nowhere."""
    found = [works_from(page, block, records) for block in page.blocks if not block.mark("skip")]
    return max(found, key=Version) if found and all(found) else ""
