"""What a reader is told about where a block, or a whole page, has run."""

from collections.abc import Sequence
from dataclasses import dataclass

from blocks.read.page import Block, Page
from blocks.records.record import Record, code_hash, newest_first, passed_in
from blocks.records.summary import summary
from blocks.run.shared.environment import Environment


@dataclass(frozen=True)
class Status:
    """One block's standing over all records."""

    kind: str
    """`passed`, `partly`, `skipped` or `unverified`: a CSS class."""
    short: str
    """A few words for the bar."""
    long: str
    """Every environment in which exactly this code passed, or why it was not executed."""
    torch: str = ""
    """The newest torch in which exactly this code passed, if any."""


def block_status(page: Page, block: Block, records: Sequence[Record]) -> Status:
    """Return where exactly this code has passed."""
    skip = block.mark("skip")
    if skip:
        return Status("skipped", "not executed", f"Not executed: {skip.kwargs['reason']}")
    passed = passed_in(records, page.key, block.name, code_hash(page, block))
    devices = {environment.device for environment in passed}
    cuda = "CUDA" if "cuda" in devices else "not yet run on CUDA"
    if block.mark("cuda") and "cuda" not in devices:
        return Status("skipped", "needs CUDA", "Needs CUDA, and has not yet run there")
    if not devices:
        return Status("unverified", "not yet run", "This code has not yet run in any recorded environment")
    long = f"Passed on {summary(passed)}" + ("" if "cuda" in devices else "; not yet run on CUDA")
    short = f"CPU, {cuda}" if "cpu" in devices else cuda
    return Status("passed" if devices == {"cpu", "cuda"} else "partly", short, long, newest(passed))


def newest(environments: Sequence[Environment]) -> str:
    """Return the newest torch of these environments."""
    return min((environment.torch for environment in environments), key=newest_first)


def page_status(page: Page, records: Sequence[Record]) -> list[Environment]:
    """Return the environments in which every executed block of the page passed, or was skipped with a reason."""
    key = page.key
    codes = {block.name: code_hash(page, block) for block in page.blocks if not block.mark("skip")}
    return [
        record.environment
        for record in records
        if codes and all(is_fine(record.verdict(key, name, code)) for name, code in codes.items())
    ]


def is_fine(verdict: str) -> bool:
    """Tell whether a verdict holds nothing against a page: passed, or skipped there with a reason."""
    return verdict == "passed" or verdict.startswith("skipped")
