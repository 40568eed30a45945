"""Change one thing in a shown block, run its page, and count the changes that the page does not notice.

    python tests/benchmarks/mutants.py [--sample 10] [--seed 0] [--device simulated] [docs/tensors/views.md ...]

Each page gets the same sample for the same seed. A mutant is caught if any block of its page then fails, or prints or
draws something other than what is recorded. `mutations.py` says what is changed and what is left out. With `--device
simulated` the mutants are those of `moves.py`, and a page has also noticed one if it ends with nothing on the device. A
mutant that moves a whole computation to the CPU would run on CUDA too: these are told apart.
"""

import argparse
import random
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from moves import moves  # noqa: E402
from mutations import Mutant, mutants  # noqa: E402

from blocks.outputs import check, store  # noqa: E402
from blocks.read.page import Block, Page, read_page  # noqa: E402
from blocks.read.paths import find_pages  # noqa: E402
from blocks.run.runner import Limits, Runner  # noqa: E402
from blocks.run.skip_conditions import why_no_program  # noqa: E402

WORKERS = 2
LIMITS = Limits(seconds=60)


@dataclass(frozen=True)
class Trial:
    """One mutant in its page."""

    page: Page
    """The page as it is."""
    block: Block
    """The block that is changed."""
    mutant: Mutant
    """The change."""

    def __str__(self) -> str:
        line = self.block.line + self.mutant.line - 1
        return f"{self.page.snippet.relative_to(ROOT)}:{line}  {self.mutant.change}"

    @property
    def mutated(self) -> Page:
        """The page with the change."""
        changed = replace(self.block, code=self.mutant.code)
        return replace(self.page, blocks=tuple(changed if one is self.block else one for one in self.page.blocks))

    def caught(self, runner: Runner) -> bool:
        """Tell whether the page notices."""
        return bool(fault(runner, self.mutated, executed(self.mutated)))

    def met_the_device(self, runner: Runner) -> bool:
        """Tell whether it now takes a CPU tensor beside those of the device, as CUDA does, or moved as a whole."""
        return taken(runner, self.mutated) != taken(runner, self.page)


def taken(runner: Runner, page: Page) -> str:
    """Return how often a page lets a CPU tensor stand beside those of the device."""
    program = executed(page)
    count = replace(program[0], name="taken", kind="python", code="print(torch.ops.simulated.taken())\n", marks=())
    return [result.output for result in runner.run(page, [*program, count])][-1]


def executed(page: Page) -> list[Block]:
    """Return the page's blocks that run here."""
    return [block for block in page.blocks if not why_no_program(page.program(block), gpus=0)]


def fault(runner: Runner, page: Page, program: list[Block]) -> str:
    """Return what is wrong with the first result that is not right, or nothing."""
    recorded = store.read_outputs(page.snippet)
    running = runner.run(page, program)
    try:
        faults = (check.fault(page, page[result.name], result, recorded, ROOT) for result in running)
        return next(filter(None, faults), "")
    finally:
        running.close()  # type: ignore[attr-defined]


def trials(page: Page, sample: int, seed: int, device: str = "cpu") -> list[Trial]:
    """Return a sample of the page's mutants, the same for the same seed."""
    blocks = [block for block in executed(page) if block.kind == "python"]
    every = [Trial(page, block, mutant) for block in blocks for mutant in parsed(block, device)]
    chosen = random.Random(f"{seed} {page.snippet.relative_to(ROOT)}").sample(
        range(len(every)), min(sample, len(every))
    )
    return [every[index] for index in sorted(chosen)]


def parsed(block: Block, device: str = "cpu") -> list[Mutant]:
    """Return a block's mutants for a device without the warnings of odd code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return moves(block.code) if device == "simulated" else mutants(block.code)


def measure(runner: Runner, pages: list[Page], sample: int, seed: int) -> Iterator[tuple[Page, int, list[Trial]]]:
    """Yield for each page how many mutants it has been given, and those that it does not notice."""
    with ThreadPoolExecutor(WORKERS) as pool:
        for page in pages:
            if wrong := fault(runner, page, executed(page)):
                raise SystemExit(f"{page.path} does not pass as it is:\n{wrong}")
            given = trials(page, sample, seed, runner.device)
            caught = pool.map(lambda trial: trial.caught(runner), given)
            yield page, len(given), [trial for trial, noticed in zip(given, caught, strict=True) if not noticed]


def main() -> None:
    """Print a table of pages, and the survivors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path, help="pages; all if none is named")
    parser.add_argument("--sample", type=int, default=10, help="mutants a page")
    parser.add_argument("--seed", type=int, default=0, help="which sample")
    parser.add_argument("--device", choices=("cpu", "simulated"), default="cpu", help="where, and so what is changed")
    options = parser.parse_args()
    read = [read_page(path.resolve(), ROOT) for path in options.pages or find_pages(ROOT)]
    pages = [page for page in read if any(block.kind == "python" for block in executed(page))]
    runner = Runner(options.device, LIMITS)
    runner.preload("".join(block.code for page in pages for block in page.blocks))
    total = missed = moved = 0
    for page, given, survivors in measure(runner, pages, options.sample, options.seed):
        total, missed = total + given, missed + len(survivors)
        print(f"{given - len(survivors):4} of {given:3}  {page.path.relative_to(ROOT)}", flush=True)
        for trial in survivors:
            whole = runner.device == "simulated" and not trial.met_the_device(runner)
            moved += whole
            print(f"             {trial}{'  (a whole computation moves)' if whole else ''}", flush=True)
    print(f"{total - missed:4} of {total:3} caught: {1 - missed / max(total, 1):.1%} (seed {options.seed})")
    if moved:
        share = (total - missed) / (total - moved)
        print(f"{total - missed:4} of {total - moved:3} without those that move a whole computation: {share:.1%}")


if __name__ == "__main__":
    main()
