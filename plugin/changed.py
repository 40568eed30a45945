"""`--changed`: which pages must run, since something they depend on is not as it was when they passed here."""

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blocks.read.paths import find_pages, is_page
from blocks.records import fingerprint
from blocks.text_files import write_whole
from plugin.items import runner_of

SETTING = pytest.StashKey[str]()
COUNTS = pytest.StashKey[str]()


def setting(config: pytest.Config) -> str:
    """Return the hash of what all verdicts of this session depend on."""
    if SETTING not in config.stash:
        runner = runner_of(config)
        device = "cpu" if runner.device == "cpu" else str(runner.environment)
        options = (device, str(config.getoption("network")), config.getini("block_seconds"))
        config.stash[SETTING] = fingerprint.setting(config.rootpath, options)
    return config.stash[SETTING]


def memory_path(config: pytest.Config, key: str) -> Path:
    """Return the file in pytest's cache that says with which inputs a page passed on the session's device."""
    cache = Path(config.rootpath, str(config.getini("cache_dir")))
    return cache / "d" / "pages" / str(config.getoption("device")) / f"{key}.json"


def has_changed(config: pytest.Config, page: Path) -> bool:
    """Tell whether the page has not passed here with exactly what it depends on now."""
    root = config.rootpath
    try:
        memory = json.loads(memory_path(config, page.relative_to(root).as_posix()).read_text("utf-8"))
        same = memory["inputs"] == fingerprint.page_inputs(page, root, setting(config))
        return not same or any(fingerprint.content(root / path) != known for path, known in memory["read"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return True


def select(config: pytest.Config) -> int | None:
    """Leave the changed pages as the session's only ones; return 0, all being said, if there are none."""
    if not config.pluginmanager.has_plugin("cacheprovider"):
        raise pytest.UsageError("--changed needs pytest's cache: leave out -p no:cacheprovider")
    everything = list(requested(config))
    forgotten = config.getoption("cacheclear")
    config.args = [
        argument
        for argument, page in everything
        if forgotten or not is_page(page, config.rootpath) or has_changed(config, page)
    ]
    config.stash[COUNTS] = f"{len(config.args)} of {len(everything)} pages"
    if not config.args:
        print(f"nothing to run: {len(everything)} pages passed here as they are now")
        return 0
    return None


def requested(config: pytest.Config) -> Iterator[tuple[str, Path]]:
    """Yield each argument of the session with its path; for a folder, each page below it."""
    pages = find_pages(config.rootpath)
    for argument in config.args:
        place = Path(os.path.abspath(config.invocation_params.dir / argument.partition("::")[0]))
        if place.is_dir():
            yield from ((str(page), page) for page in pages if page.is_relative_to(place))
        else:
            yield argument, place


class Memory:
    """Remembers a page as all of its items have passed, in a session's workers too, and forgets one that fails."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.started = time.time()
        self.passed: dict[str, set[str]] = defaultdict(set)
        self.read: dict[str, set[str]] = defaultdict(set)
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties: dict[str, Any] = dict(report.user_properties)
        if "page" not in properties:
            return
        key, known, total = properties["page"]
        self.read[key] |= {*properties.get("read", ())}
        if report.failed:
            self.failed.add(key)
            memory_path(self.config, key).unlink(missing_ok=True)
        elif report.when == "teardown":
            self.passed[key].add(report.nodeid)
            if len(self.passed[key]) == total and key not in self.failed:
                self.remember(key, known)

    def remember(self, key: str, known: str) -> None:
        """Write down what the page depends on, unless some of that has changed since the session began."""
        root = self.config.rootpath
        read = {path: fingerprint.content(root / path) for path in sorted(self.read[key])}
        times = [os.stat(root / path) for path in read if (root / path).is_file()]
        steady = all(max(found.st_mtime, found.st_ctime) < self.started for found in times)
        if steady and known == fingerprint.page_inputs(root / key, root, setting(self.config)):
            remember(self.config, key, known, read)


def remember(config: pytest.Config, key: str, known: str, read: dict[str, str]) -> None:
    """Write down with which inputs a page has passed, where pytest keeps a cache."""
    if config.pluginmanager.has_plugin("cacheprovider"):
        config.cache.mkdir("pages")
        write_whole(memory_path(config, key), json.dumps({"inputs": known, "read": read}, indent=1) + "\n")
