"""Whether records allow publishing: every cell has one, in which every block passed with this code and this output.

A record is judged block by block, by hashes of code and expected output, so it does not matter in which checkout, or
copy without git, it was made. Beyond the cells, what has changed or not run counts for nothing, and a failure does.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from blocks.read.page import Page
from blocks.records.matrix import Matrix
from blocks.records.record import Record, holds, outputs_there
from blocks.run.shared.environment import Environment
from blocks.run.skip_conditions import needs_gpu

SHOWN = 10
PROBLEMS = ("failed", "has changed since", "has not run")


def refusals(records: Sequence[Record], pages: Sequence[Page], matrix: Matrix) -> list[str]:
    """Return every reason not to publish; none means publish."""
    reasons = [
        f"no record of the cell {cell}"
        for cell in matrix.cells
        if not any(cell.holds(record.environment) for record in records)
    ]
    for record in records:
        wanted = any(cell.holds(record.environment) for cell in matrix.cells)
        against = faults(record, pages, matrix.skips) if wanted else failures(record, pages)
        reasons += [f"{record.environment}: {fault}" for fault in against]
    return reasons


def faults(record: Record, pages: Sequence[Page], skips: float) -> Iterator[str]:
    """Yield what stands against the record of a cell."""
    found = dict(verdicts(record, pages))
    for problem in PROBLEMS:
        yield from counted(problem, found)
    possible = found.keys() - beyond(pages, record.environment)
    left_out = sum(found[name].startswith("skipped") for name in possible)
    if left_out > skips * len(possible):
        yield f"{left_out} of {len(possible)} blocks left out, more than {skips:.0%}"


def failures(record: Record, pages: Sequence[Page]) -> Iterator[str]:
    """Yield what stands against a record that no cell asks for."""
    yield from counted("failed", dict(verdicts(record, pages)))


def counted(problem: str, found: dict[str, str]) -> Iterator[str]:
    """Yield how many blocks have this verdict, and the first of them, if any has."""
    names = [name for name, verdict in found.items() if verdict == problem]
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    if names:
        yield f"{len(names)} {problem}: {', '.join(names[:SHOWN])}{rest}"


def beyond(pages: Sequence[Page], place: Environment) -> set[str]:
    """Return the ids of the blocks that cannot run in an environment: of pages for other systems, for GPUs on a CPU."""
    return {
        f"{page.key}::{block.name}"
        for page in pages
        for block in page.blocks
        if (page.systems and place.system not in page.systems) or (place.device == "cpu" and needs_gpu(block))
    }


def verdicts(record: Record, pages: Sequence[Page]) -> Iterator[tuple[str, str]]:
    """Yield each block's id with its verdict, or why it has none."""
    for page in pages:
        known, outputs = record.blocks.get(page.key, {}), outputs_there(page, record.environment)
        for block in page.blocks:
            entry = known.get(block.name, {"verdict": "has not run"})
            fresh = holds(entry, page, block, outputs)
            yield f"{page.key}::{block.name}", entry["verdict"] if fresh else "has changed since"


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
