"""The frame of a block: a bar with its marks and buttons above the code, its picture and output below."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from blocks.needs.imports import names_of, shorter
from blocks.read.marks import Mark
from blocks.read.page import Block, Page
from blocks.record.figure_files import figure_path
from blocks.record.record import Record, page_key
from blocks.record.status import block_status
from blocks.render.program import heading

UNSEARCHED = ' data-search-exclude="yes"'  # what the search index leaves out; the theme removes it from the page
SIZE = re.compile(r' (width|height)="([\d.]+)pt"')


@dataclass(frozen=True)
class Site:
    """What rendering needs to know beyond the page."""

    root: Path
    """The project."""
    records: tuple[Record, ...]
    """What passed where."""
    repository: str
    """Address of the repository, from `mkdocs.yml`."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Where the official documentation describes a name."""
    folders: bool = True
    """Whether a page is a folder with an `index.html`, or a file of its own as on a disk."""

    def address(self, key: str, top: str) -> str:
        """Return the relative address of a page; `top` leads to the site's root."""
        if self.folders:
            return top if key == "index" else f"{top}{key}/"
        return f"{top}{key}.html"


def bar(page: Page, block: Block, site: Site, top: str) -> str:
    """Return the line above a block: its name, where it passed, and what a reader can do with it."""
    status = block_status(page, block, site.records, site.root)
    wanted = " ".join([*block.needs, block.name])
    script = "" if block.kind == "bash" else '<button type="button" class="copy-script">Copy as script</button>'
    marks = f"{site.address('about/conventions', top)}#marks"
    first = escape(heading(page_key(page, site.root), block, status.torch))
    return (
        f'<div class="block-bar" data-needs="{wanted}" data-heading="{first}">'
        f'<a class="block-name" href="#block-{block.name}">{block.name}</a>'
        f'<a class="mark {status.kind}" href="{marks}" title="{escape(status.long)}">{status.short}</a>'
        f'<a class="report" href="{escape(report_url(page, block, status.long, site))}">Report</a>'
        f'<button type="button" class="copy">Copy</button>{script}</div>'
    )


def report_url(page: Page, block: Block, verified: str, site: Site) -> str:
    """Return the address of an issue form with page, block, devices and versions filled in."""
    where = page.path.relative_to(site.root).as_posix()
    fields = {"template": "wrong-block.yml", "title": f"{where}: {block.name}", "page": where, "block": block.name}
    return f"{site.repository}/issues/new?{urlencode(fields | {'versions': verified})}"


def output(text: str) -> str:
    """Return the element that shows what a block printed, or nothing."""
    if not text:
        return ""
    return (
        '<div class="output"><span class="output-label">Output</span>'
        f"<pre><samp>{escape(text.rstrip(chr(10)), quote=False)}</samp></pre></div>"
    )


def picture(page: Page, block: Block, root: Path, top: str) -> str:
    """Return the element that shows what a block drew, or nothing."""
    mark = block.mark("figure")
    if mark is None or not (path := figure_path(page, block, root)).exists():
        return ""
    return image(mark, path, f"{top}{path.relative_to(root / 'docs').as_posix()}")


def image(mark: Mark, path: Path, source: str) -> str:
    """Return the picture's element, with its size in pixels and its alternative text."""
    head = path.read_text("utf-8").split(">", 1)[0]
    sides = "".join(f' {side}="{round(float(points) * 4 / 3)}"' for side, points in SIZE.findall(head))
    return f'<img class="figure" src="{source}" alt="{escape(mark.kwargs["alt"])}"{sides} loading="lazy">'


def references(page: Page, site: Site) -> list[str]:
    """Return for each block a line of links to the official documentation: each name where the page first uses it."""
    seen: set[str] = set()
    lines, names = [], names_of(page.codes)
    for block in page.blocks:
        links = []
        for written, full in names.get(block.name, {}).items():
            pairs = zip(shorter(written), shorter(full), strict=False)
            label, name = next(((label, name) for label, name in pairs if name in site.addresses), ("", ""))
            if name and site.addresses[name] not in seen:
                seen.add(site.addresses[name])
                links.append(f'<a href="{escape(site.addresses[name])}"><code>{label}</code></a>')
        lines.append(f'<p class="references">In the documentation: {", ".join(links)}</p>' if links else "")
    return lines
