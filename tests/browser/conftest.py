"""The built site in Debian's Chromium: served on the loopback, one browser for all tests."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from blocks.outputs.entries import read_entries
from blocks.read.page import read_page
from blocks.read.paths import find_pages

ROOT = Path(__file__).parents[2]
SITE = ROOT / "site"
CHROMIUM = "/usr/bin/chromium"
ADDRESSES = [path.relative_to(SITE).as_posix().removesuffix("index.html") for path in sorted(SITE.rglob("index.html"))]
ENTRIES = read_entries(read_page(path, ROOT) for path in find_pages(ROOT) if path.parent.name == "troubleshooting")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files, each in one piece, and writes no log."""

    def copyfile(self, source: BinaryIO, outputfile: BinaryIO) -> None:
        outputfile.write(source.read())  # what comes in pieces is drawn in pieces, which then move

    def log_message(self, *_: object) -> None:
        pass


class Wire:
    """The requests of one browser context, in order."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.asked: list[str] = []
        context.on("request", self.note)

    def note(self, request: Request) -> None:
        self.asked.append(request.url)

    def elsewhere(self) -> list[str]:
        """Return what was asked of another host."""
        return [url for url in self.asked if not url.startswith((self.address, "data:", "blob:"))]

    def files(self) -> set[Path]:
        """Return the files of the site that were asked for."""
        found = {SITE / url.removeprefix(self.address).split("#")[0].split("?")[0] for url in self.asked}
        return {path / "index.html" if path.is_dir() else path for path in found}


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Address of the built site."""
    if not (SITE / "index.html").exists():
        pytest.fail("no site is built: run mkdocs build --strict first")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture(scope="session")
def tab(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def problems(tab: Page) -> Iterator[list[str]]:
    """Collect what the console calls an error, and fail if there is any."""
    found: list[str] = []

    def hear(message) -> None:
        if message.type == "error":
            found.append(message.text)

    def fall(error) -> None:
        found.append(str(error))

    tab.on("console", hear)
    tab.on("pageerror", fall)
    yield found
    tab.remove_listener("console", hear)
    tab.remove_listener("pageerror", fall)
    assert found == []
