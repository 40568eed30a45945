"""Whether the records of a run allow publishing: every cell has one, made of this code, in which every block passed."""

import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from blocks.read.page import Page
from blocks.record.cells import Matrix
from blocks.record.record import Record, code_hash, page_key
from blocks.run.applies import needs_gpu

SHOWN = 10


def refusals(records: Sequence[Record], pages: Sequence[Page], matrix: Matrix, root: Path) -> list[str]:
    """Return every reason not to publish; none means publish."""
    missing = [
        f"no record of the cell {cell}"
        for cell in matrix.cells
        if not any(cell.holds(record.environment) for record in records)
    ]
    return missing + [
        f"{record.environment}: {fault}" for record in records for fault in faults(record, pages, matrix.skips, root)
    ]


def faults(record: Record, pages: Sequence[Page], skips: float, root: Path) -> Iterator[str]:
    """Yield what stands against one record."""
    if not same_code(root, record.commit):
        yield f"made from other code than this, at commit {record.commit or 'unknown'}"
    found = dict(verdicts(record, pages, root))
    for problem in ("failed", "has changed since", "has not run"):
        names = [name for name, verdict in found.items() if verdict == problem]
        rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        if names:
            yield f"{len(names)} {problem}: {', '.join(names[:SHOWN])}{rest}"
    beyond = for_gpus(pages, root) if record.environment.device == "cpu" else set()
    possible = found.keys() - beyond
    left_out = sum(found[name].startswith("skipped") for name in possible)
    if left_out > skips * len(possible):
        yield f"{left_out} of {len(possible)} blocks left out, more than {skips:.0%}"


def for_gpus(pages: Sequence[Page], root: Path) -> set[str]:
    """Return the ids of the blocks that no CPU can run."""
    return {f"{page_key(page, root)}::{block.name}" for page in pages for block in page.blocks if needs_gpu(block)}


def verdicts(record: Record, pages: Sequence[Page], root: Path) -> Iterator[tuple[str, str]]:
    """Yield each block's id with its verdict, or why it has none."""
    for page in pages:
        known = record.blocks.get(page_key(page, root), {})
        for block in page.blocks:
            entry = known.get(block.name, {"verdict": "has not run"})
            fresh = "code" not in entry or entry["code"] == code_hash(page, block)
            yield f"{page_key(page, root)}::{block.name}", entry["verdict"] if fresh else "has changed since"


def same_code(root: Path, commit: str) -> bool:
    """Tell whether the files here, but for the records, are those of that commit."""
    command = ["git", "-C", str(root), "diff", "--quiet", commit, "--", ".", ":(exclude)docs/records"]
    return bool(commit) and subprocess.run(command, capture_output=True, check=False).returncode == 0


def merged(records: Sequence[Record]) -> list[Record]:
    """Return one record for each environment and commit: a cell split over runners leaves a part on each."""
    parts: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        parts[record.environment.id, record.commit].append(record)
    return [together(group) for group in parts.values()]


def together(parts: Sequence[Record]) -> Record:
    """Return the union of records of one environment; a block that failed in any of them has failed."""
    blocks: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    seconds: dict[str, int] = defaultdict(int)
    for part in parts:
        for page, spent in part.seconds.items():
            seconds[page] += spent
        for page, entries in part.blocks.items():
            for name, entry in entries.items():
                if blocks[page].get(name, {}).get("verdict") != "failed":
                    blocks[page][name] = entry
    return replace(parts[0], blocks=dict(blocks), seconds=dict(seconds))
