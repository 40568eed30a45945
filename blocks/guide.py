"""The whole guide at one moment: its pages and records, and what a site builder asks of them."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from blocks import heading, render, tutorial, verification
from blocks.frame import Site
from blocks.page import Page, find_pages, read_page
from blocks.program import program
from blocks.record import read_records


class Guide:
    """Pages, snippets and records below one root, read once."""

    def __init__(self, root: Path, repository: str) -> None:
        self.root = root
        self.site = Site(root, tuple(read_records(root / "docs" / "records")), repository.rstrip("/"))

    @cached_property
    def pages(self) -> dict[Path, Page]:
        """Every page by the path of its Markdown file, or of its script for a tutorial."""
        return {path: read_page(path, self.root) for path in find_pages(self.root)}

    def tutorials(self) -> list[Path]:
        """Return the scripts of the tutorials."""
        return [path for path, page in self.pages.items() if path == page.snippet]

    def programs(self) -> Iterator[tuple[str, str]]:
        """Yield address and text of each page's program."""
        for page in self.pages.values():
            if page.blocks and page.path != page.snippet:
                yield page.snippet.relative_to(self.root / "snippets").as_posix(), program(page)

    def markdown(self, path: Path, markdown: str) -> str:
        """Return a page's Markdown with anchors on its fences, totals and matrix filled in."""
        pages = list(self.pages.values())
        for place, make in (
            (verification.PLACE, verification.verification),
            (verification.TOTALS, verification.totals),
        ):
            if place in markdown:
                markdown = markdown.replace(place, make(pages, self.site.records, self.root))
        return render.with_anchors(self.pages[path], markdown)

    def html(self, path: Path, html: str, meta: Mapping[str, Any], titles: heading.Titles, top: str) -> str:
        """Return a page's HTML with every block in its frame and the facts below its title."""
        page, reading = self.pages[path], heading.minutes(html)
        if path == page.snippet:
            html = tutorial.with_links(path, html, {source: url for source, (_, url) in titles.items()})
        framed = render.with_results(page, html, self.site, top)
        return heading.with_heading(page, framed, reading, meta, titles, self.site)
