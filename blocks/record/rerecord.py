"""Recording again what a page prints and draws, where it changed."""

from collections.abc import Sequence
from pathlib import Path

from blocks.read.page import Block, Page
from blocks.record.figure_files import figure_fault, record_figures
from blocks.record.outputs import normalise, read_outputs, write_outputs
from blocks.record.verdict import output_fault
from blocks.run.applies import needs_gpu
from blocks.run.messages import Result


def rerecord(
    page: Page, results: dict[str, Result], whole: bool, root: Path, variant: str = "", over: Sequence[str] = ()
) -> None:
    """Record outputs, and after a run of the whole page figures; nothing if any block is not right.

    With a `variant`, record only the outputs that differ from what the page shows with the variants `over` it; what a
    block prints that needs a GPU is what the page shows, since no other place prints it.
    """
    faults = [figure_fault(page[name], result.figures) for name, result in results.items()]
    if any(faults) or any(result.outcome != "passed" for result in results.values()):
        return
    printed = {name: normalise(result.output) for name, result in results.items()}
    known = read_outputs(page.snippet)
    if variant:
        only_here = {name: text for name, text in printed.items() if needs_gpu(page[name])}
        others = {name: text for name, text in printed.items() if name not in only_here}
        record_variant(page, others, variant, [other for other in over if other != variant])
        printed, whole = only_here, False
    write_outputs(page.snippet, {block.name: kept(block, known, known | printed) for block in page.blocks})
    if whole:
        record_figures(page, {name: result.figures for name, result in results.items()}, root)


def kept(block: Block, known: dict[str, str], fresh: dict[str, str]) -> str:
    """Return the output to record: the known one where the new one agrees with it, so that diffs show change."""
    old, new = known.get(block.name, ""), fresh.get(block.name, "")
    return old if old and not output_fault(block, new, old) else new


def record_variant(page: Page, printed: dict[str, str], variant: str, over: Sequence[str]) -> None:
    """Record in a variant what differs from the other outputs that hold in the same place."""
    shown = read_outputs(page.snippet, over)
    fresh = read_outputs(page.snippet, [*over, variant]) | printed
    differing = [
        block for block in page.blocks if output_fault(block, fresh.get(block.name, ""), shown.get(block.name, ""))
    ]
    write_outputs(page.snippet, {block.name: fresh.get(block.name, "") for block in differing}, variant)
