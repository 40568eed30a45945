"""`--update-outputs`: what a page prints and draws is recorded, and what was rewritten is said."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blocks.outputs.update import Place, Recorded, update_outputs
from blocks.run.shared.protocol import Result
from plugin.items import runner_of

if TYPE_CHECKING:
    from plugin.collector import PageFile


def update(page: "PageFile") -> Recorded:
    """Run the page to its end; record the selected blocks if every block passed, and says the same again."""
    page.results |= {result.name: result for result in page.running or ()}
    device, options = page.config.getoption("device"), page.config.option
    variant = options.variant or ("cuda" if device == "cuda" else "")
    chosen = [name for name in page.results if name in page.selected]
    whole = len(chosen) == sum(not page.why_not(block) for block in page.page.blocks)
    place = Place(page.config.rootpath, variant, page.variants, whole)
    return update_outputs(page.page, page.results, chosen, place, lambda: once_more(page))


def once_more(page: "PageFile") -> dict[str, Result]:
    """Return what a new interpreter makes of the page, in which sets have another order."""
    runner = replace(runner_of(page.config), method="spawn")
    return {result.name: result for result in runner.run(page.page, page.program())}


class Rewritten:
    """Says at the end of a session which files were rewritten, by its workers too."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.paths: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.paths |= {*dict[str, Any](report.user_properties).get("rewritten", ())}

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for path in sorted(self.paths):
            gone = "" if Path(self.config.rootpath, path).exists() else ", which is gone: nothing is left to record"
            terminalreporter.write_line(f"recorded again: {path}{gone}")
        if not self.paths:
            terminalreporter.write_line("recorded again: nothing")
