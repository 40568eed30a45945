"""The whole guide at one moment: its pages and records, and what a site builder asks of them."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from blocks.outputs.entries import Entry, read_entries
from blocks.read import tutorial
from blocks.read.page import Page, read_page
from blocks.read.paths import find_pages
from blocks.records.documentation import read_addresses
from blocks.records.record import read_records, standing
from blocks.render import html as rendering
from blocks.render import page_facts, verification
from blocks.render.aims import with_aims, with_aims_in_html
from blocks.render.block_bar import Site
from blocks.render.formulas import with_formulas
from blocks.render.history import last_changes
from blocks.render.notebook import notebook
from blocks.render.prose import markdown
from blocks.render.script import program
from blocks.render.solutions import with_folded_solutions
from blocks.render.troubleshooting import as_json, in_nav_order, with_lists, wordings

TOTALS = "<!-- totals -->"
MESSAGES = "troubleshooting/messages.json"
FENCED = re.compile(r"(^ *(?P<ticks>`{3,})[^`\n]*\n.*?^ *(?P=ticks)`*[ \t]*$)", re.MULTILINE | re.DOTALL)
TAGS = re.compile(r"^[ \t]*</?(?:div|section|span|p|ul|li)\b[^>\n]*>[ \t]*\n", re.MULTILINE)
CLASSES = re.compile(r"[ \t]*\{ ?[.#][\w .#=\"-]*\}(?=[ \t]*$)", re.MULTILINE)
PIN = re.compile(r"^torch==(\d+\.\d+)", re.MULTILINE)


def absolute(site_url: str, key: str, path: str, anchor: str) -> str:
    """Return the absolute address of what a link on the page `key` leads to."""
    from_root = path.startswith("assets/")  # figures are named so
    target = path if from_root else posixpath.normpath(posixpath.join(posixpath.dirname(key), path))
    if target.startswith("assets/"):
        return f"{site_url}{target}"
    target = target.removesuffix(".md").removesuffix(".py").removesuffix("index")
    return f"{site_url}{target.rstrip('/')}/{anchor}" if target else f"{site_url}{anchor}"


def pinned_torch(root: Path) -> str:
    """Return major and minor version of the torch that the guide is made with, or ''."""
    pins = root / "requirements.in"
    found = PIN.search(pins.read_text("utf-8")) if pins.exists() else None
    return found[1] if found else ""


def without_markup(text: str) -> str:
    """Return Markdown without the lines that are HTML, and without classes for a style sheet."""
    parts = FENCED.split(text)
    del parts[2::3]  # the ticks; prose and code stand by turns
    parts[::2] = [CLASSES.sub("", TAGS.sub("", prose)) for prose in parts[::2]]
    return re.sub(r"\n{3,}", "\n\n", "".join(parts)).strip() + "\n"


class Guide:
    """Pages, snippets and records below one root, read once."""

    def __init__(self, root: Path, repository: str, folders: bool = True) -> None:
        self.root = root
        pages = self.pages.values()
        records = tuple(standing(record, pages) for record in read_records(root / "docs" / "records"))
        known = read_addresses(root), last_changes(root), pinned_torch(root)
        self.site = Site(root, records, repository.rstrip("/"), *known, self.entries(), folders)

    def entries(self) -> tuple[Entry, ...]:
        """Return the messages of the troubleshooting pages, in the order of the nav."""
        return tuple(in_nav_order(read_entries(self.pages.values()), self.root / "mkdocs.yml"))

    def messages(self) -> dict[str, list[str]]:
        """Return what the search compares a pasted message with, by the address of its entry."""
        return {f"{self.site.address(e.page, '')}#{e.anchor}": wordings(e) for e in self.site.entries}

    @cached_property
    def pages(self) -> dict[Path, Page]:
        """Every page by the path of its Markdown file, or of its script for a tutorial."""
        return {path: read_page(path, self.root) for path in find_pages(self.root)}

    def read_again(self, path: Path) -> None:
        """Read one page as it is now."""
        self.pages[path] = read_page(path, self.root)
        self.site = replace(self.site, entries=self.entries())

    def tutorials(self) -> list[Path]:
        """Return the scripts of the tutorials."""
        return [path for path, page in self.pages.items() if path == page.snippet]

    def downloads(self, site_url: str) -> Iterator[tuple[str, str]]:
        """Yield address and text of what a reader can take away: each page as a program and as a notebook."""
        for page in self.pages.values():
            key = page.key
            if page.blocks:
                yield f"{key}.ipynb", notebook(page, self.root, partial(absolute, site_url, key))
                yield f"{key}.py", program(page)
        if self.site.entries:
            yield MESSAGES, as_json(self.site.entries, self.site.torch, partial(absolute, site_url, ""))

    def texts(self, site_url: str) -> Iterator[tuple[str, str, str]]:
        """Yield address, title and text of each page as Markdown."""
        for page in self.pages.values():
            key = page.key
            text = without_markup(markdown(page, self.root, partial(absolute, site_url, key)))
            title, _, rest = text.partition("\n")
            made = f"written for torch {self.site.torch}" if page.blocks and self.site.torch else ""
            source = ", ".join(filter(None, (absolute(site_url, "", f"{key}.md", ""), made)))
            yield f"{key}.md", title.lstrip("# "), f"{title}\n\n> {source}\n{rest}"

    def markdown(self, path: Path, markdown: str, meta: Mapping[str, Any]) -> str:
        """Return a page's Markdown with the code in its fences, its aims, and the totals filled in."""
        if path == self.pages[path].snippet:
            return markdown  # a tutorial is rendered from its script
        if TOTALS in markdown:
            markdown = markdown.replace(TOTALS, verification.totals(list(self.pages.values()), self.site))
        markdown = with_lists(markdown, self.site.entries, self.pages[path].key)
        return with_aims(path, rendering.with_code(self.pages[path], markdown), meta)

    def html(self, path: Path, html: str, meta: Mapping[str, Any], title: page_facts.Title, top: str) -> str:
        """Return what a reader sees of a page, from the HTML of its Markdown."""
        page, reading = self.pages[path], page_facts.minutes(html)
        if path == page.snippet:
            html = with_folded_solutions(tutorial.with_links(path, html, title, top))
            html = with_aims_in_html(path, html, meta)
        html = rendering.with_sizes(html, self.root / "docs")
        html = rendering.with_frames(page, rendering.with_wide_tables(with_formulas(path, html)), self.site, top)
        shown = [page for page in self.pages.values() if page.blocks]
        html = verification.Tables(shown, self.site, title, top).fill_in(html)
        return page_facts.with_foot(
            page, page_facts.with_heading(page, html, reading, meta, title, self.site), title, self.site
        )
