"""Recording again what a page prints and draws, where it changed, and only what it prints each time."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocks.outputs.check import output_fault, picture_fault, tolerances, words_vary
from blocks.outputs.figure_files import figure_fault, figure_path, record_figures
from blocks.outputs.normalise import normalise
from blocks.outputs.pictures import same_picture
from blocks.outputs.store import output_path, read_outputs, write_outputs
from blocks.read.page import Block, Page
from blocks.run.shared.protocol import Result, headline
from blocks.run.skip_conditions import needs_gpu

STEADY = "seed it in the block, sort what has no order, or declare that it varies"


@dataclass(frozen=True)
class Recorded:
    """What came of recording a page."""

    paths: tuple[Path, ...] = ()
    """Files that are no longer as they were."""
    refusal: str = ""
    """Why nothing was recorded, or ''."""


@dataclass(frozen=True)
class Place:
    """Where outputs are recorded."""

    root: Path
    """The project."""
    variant: str = ""
    """Record only what differs from what the page shows with the variants `over` it."""
    over: Sequence[str] = ()
    """The variants that hold here."""
    whole: bool = True
    """Whether all blocks are recorded that can run here, and so the figures too."""


def update_outputs(
    page: Page,
    results: Mapping[str, Result],
    chosen: Collection[str],
    place: Place,
    again: Callable[[], Mapping[str, Result]],
) -> Recorded:
    """Record the chosen blocks' outputs, and a whole page's figures; nothing if a block is not right.

    What is new must come out of another run too, which `again` makes. In a variant, what a block prints that needs a
    GPU is what the page shows, since no other place prints it.
    """
    if refusal := next(faulty(page, results), ""):
        return Recorded(refusal=refusal)
    if refusal := next(unsteady(page, {name: results[name] for name in chosen}, place, again), ""):
        return Recorded(refusal=refusal)
    printed = {name: normalise(results[name].output, page[name].source.resolve()) for name in chosen}
    written = []
    if place.variant:
        others = {name: text for name, text in printed.items() if not needs_gpu(page[name])}
        if record_variant(page, others, place.variant, [other for other in place.over if other != place.variant]):
            written.append(output_path(page.snippet, place.variant))
        printed = {name: text for name, text in printed.items() if name not in others}
    known = read_outputs(page.snippet)
    fresh = {block.name: output_to_record(block, known, known | printed) for block in page.blocks}
    if write_outputs(page.snippet, fresh):
        written.append(output_path(page.snippet))
    if place.whole and not place.variant:
        written += record_figures(page, {name: results[name].figures for name in chosen}, place.root)
    return Recorded(tuple(written))


def faulty(page: Page, results: Mapping[str, Result]) -> Iterator[str]:
    """Yield what is wrong with the results themselves."""
    for name, result in results.items():
        if result.outcome != "passed":
            yield f"block '{name}' failed"
        elif fault := figure_fault(page[name], result.figures):
            yield f"of block '{name}', {fault}"


def unsteady(
    page: Page, results: Mapping[str, Result], place: Place, again: Callable[[], Mapping[str, Result]]
) -> Iterator[str]:
    """Yield what does not come out of another run as it came out of this one, among what is not recorded yet."""
    shown = read_outputs(page.snippet, place.over)
    fresh = [
        page[name]
        for name, result in results.items()
        if output_fault(page[name], result.output, shown.get(name, ""))
        or picture_fault(page[name], figure_path(page, page[name], place.root), result.figures)
    ]
    others = again() if fresh else {}
    for block in fresh:
        first, second = results[block.name], others.get(block.name, Result(block.name, "not run"))
        printed = normalise(first.output, block.source.resolve())
        if second.outcome != "passed":
            yield f"block '{block.name}' fails when its page runs again: {headline(second.reason)}".removesuffix(": ")
        elif fault := output_fault(block, second.output, printed):
            lines = " and ".join(repr(line[2:]) for line in fault.splitlines()[1:] if line[:1] in "-+")
            yield f"block '{block.name}' prints something else each time, such as {lines[:200]}: {STEADY}"
        elif not all(same_drawn(block, *pair) for pair in zip(first.figures, second.figures, strict=True)):
            yield f"block '{block.name}' draws something else each time: {STEADY}"


def same_drawn(block: Block, first: str, second: str) -> bool:
    """Tell whether two runs of a block drew the same."""
    return same_picture(first, second, block.mark("varies") is not None, tolerances(block))


def output_to_record(block: Block, known: dict[str, str], fresh: dict[str, str]) -> str:
    """Return the output to record: the known one where the new one agrees with it, so that diffs show change."""
    old, new = known.get(block.name, ""), fresh.get(block.name, "")
    agrees = old and not words_vary(block) and not output_fault(block, new, old)
    return old if agrees else new


def record_variant(page: Page, printed: dict[str, str], variant: str, over: Sequence[str]) -> bool:
    """Record in a variant what differs from the other outputs that hold in the same place; tell whether it changed."""
    shown = read_outputs(page.snippet, over)
    fresh = read_outputs(page.snippet, [*over, variant]) | printed
    differing = [
        block for block in page.blocks if output_fault(block, fresh.get(block.name, ""), shown.get(block.name, ""))
    ]
    return write_outputs(page.snippet, {block.name: fresh.get(block.name, "") for block in differing}, variant)
