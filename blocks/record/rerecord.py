"""Recording again what a page prints and draws, where it changed."""

from pathlib import Path

from blocks.read.page import Block, Page
from blocks.record.figure_files import figure_fault, record_figures
from blocks.record.outputs import normalise, read_outputs, write_outputs
from blocks.record.verdict import output_fault
from blocks.run.messages import Result


def rerecord(page: Page, results: dict[str, Result], whole: bool, root: Path) -> None:
    """Record outputs, and after a run of the whole page figures; nothing if any block is not right."""
    faults = [figure_fault(page[name], result.figures) for name, result in results.items()]
    if any(faults) or any(result.outcome != "passed" for result in results.values()):
        return
    known = read_outputs(page.snippet)
    fresh = known | {name: result.output for name, result in results.items()}
    write_outputs(page.snippet, {block.name: kept(block, known, fresh) for block in page.blocks})
    if whole:
        record_figures(page, {name: result.figures for name, result in results.items()}, root)


def kept(block: Block, known: dict[str, str], fresh: dict[str, str]) -> str:
    """Return the output to record: the known one where the new one agrees with it, so that diffs show change."""
    old, new = known.get(block.name, ""), normalise(fresh.get(block.name, ""))
    return old if old and not output_fault(block, new, old) else new
