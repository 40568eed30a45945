"""While pages run: how many of them and of their blocks are done, and about how long the rest takes."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

EVERY = 10.0


class Progress:
    """Prints a line every ten seconds, in a terminal or not, with workers or without."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.started = self.told = time.monotonic()
        self.running = False
        self.left: dict[str, set[str]] = {}
        self.sizes: dict[str, int] = {}
        self.total = 0
        self.seconds = recorded(config.rootpath)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.begin([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        self.begin(ids)

    def begin(self, ids: list[str]) -> None:
        """Start to count these items."""
        self.left = {}
        for name in ids:
            self.left.setdefault(name.partition("::")[0], set()).add(name)
        self.total = len(ids)
        self.sizes = {file: len(names) for file, names in self.left.items()}

    def pytest_runtest_logstart(self) -> None:
        """Start the clock with the first item: torch has been imported by then."""
        if not self.running:
            self.running = True
            self.started = self.told = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.left.get(nodeid.partition("::")[0], set()).discard(nodeid)
        if time.monotonic() - self.told > EVERY and any(self.left.values()):
            self.told = time.monotonic()
            reporter = self.config.pluginmanager.get_plugin("terminalreporter")
            if reporter:
                if not reporter.currentfspath:  # dots alone, which the terminal does not end by itself
                    reporter.write_line("")
                reporter.write_line(self.line(self.told - self.started))

    def line(self, elapsed: float) -> str:
        """Return what is done after so many seconds, and an estimate of what is left."""
        known = [self.seconds[file] / self.sizes[file] for file in self.sizes if file in self.seconds]
        trust = EVERY if known else 0.0  # seconds that what is recorded weighs beside what has been seen
        usual = sum(known) / len(known) if known else 1.0
        costs = {file: self.seconds.get(file, usual * size) / size for file, size in self.sizes.items()}
        rest = sum(costs[file] * len(names) for file, names in self.left.items())
        whole = sum(costs[file] * size for file, size in self.sizes.items())
        files = sum(not names for names in self.left.values())
        items = self.total - sum(map(len, self.left.values()))
        pace = (elapsed + trust) / max(whole - rest + trust, 1e-9)
        minutes, seconds = divmod(round(pace * rest), 60)
        left = f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
        done = f"{files} of {len(self.left)} pages and files, {items} of {self.total} blocks and tests"
        return f"  {done}; about {left} left"


def recorded(root: Path) -> dict[str, float]:
    """Return the seconds that each page took where it was last recorded."""
    found: dict[str, float] = {}
    for path in (root / "docs" / "records").glob("*.json"):
        seconds = json.loads(path.read_text("utf-8")).get("seconds", {})
        for page, value in seconds.items():
            found |= dict.fromkeys((f"docs/{page}.md", f"snippets/{page}.py"), float(value))
    return found
