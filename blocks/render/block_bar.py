"""The frame of a block: what a reader can do with it, its code, its picture, its output, and where it did not pass."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

from blocks.outputs.entries import Entry
from blocks.outputs.figure_files import figure_path, figure_points
from blocks.outputs.store import read_outputs
from blocks.read.page import Block, Page
from blocks.records.record import Record
from blocks.records.status import Status, block_status
from blocks.render.script import heading
from blocks.render.template import Markup, fill

LEGIBLE = 0.9
"""Pixels a point at which the words of a figure, most of 10 points, can be read: on a phone it scrolls instead."""


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
    days: Mapping[str, date] = field(default_factory=dict)
    """When each file last changed."""
    torch: str = ""
    """The release that the guide is written for."""
    entries: tuple[Entry, ...] = ()
    """The messages that the troubleshooting pages are about."""
    folders: bool = True
    """Whether a page is a folder with an `index.html`, or a file of its own as on a disk."""

    def address(self, key: str, top: str) -> str:
        """Return the relative address of a page; `top` leads to the site's root."""
        if self.folders:
            return top + f"{key}/".removesuffix("index/")
        return f"{top}{key}.html"


class Frames:
    """What makes the frames of one page's blocks."""

    def __init__(self, page: Page, site: Site, top: str) -> None:
        self.page, self.site, self.top = page, site, top
        self.outputs = read_outputs(page.snippet)
        self.statuses = {block.name: block_status(page, block, site.records) for block in page.blocks}
        self.usual = usual(page, self.statuses)

    def frame(self, block: Block, code: str, notes: str = "") -> str:
        """Return the block's frame around its highlighted code and the notes on its lines."""
        status = self.statuses[block.name]
        return fill(
            "block",
            name=block.name,
            needs=" ".join([*block.needs, block.name]),
            text=block.text if block.text != block.code else "",
            heading=heading(self.page.key, block, status.torch),
            mark=self.mark(block, status),
            report=report_url(self.page, self.site, block.name, status.long),
            script=block.kind != "bash",
            fold=fold(block),
            code=Markup(code),
            notes=Markup(notes),
            image=self.image(block),
            printed=self.outputs.get(block.name, "").rstrip("\n").splitlines(),
        )

    def mark(self, block: Block, status: Status) -> dict[str, str] | None:
        """Return where the block stands, if that is not what the page says of itself."""
        if status.short == self.usual:
            return None
        url = f"{self.site.address('about/conventions', self.top)}#marks"
        kind, short = status.kind, status.short
        if block.mark("cuda"):
            kind, short = {"partly": "passed"}.get(kind, kind), "needs CUDA"
        return {"kind": kind, "short": short, "long": status.long, "url": url}

    def image(self, block: Block) -> dict[str, str] | None:
        """Return address, size in pixels and texts of what the block drew, if it did."""
        mark = block.mark("figure")
        if mark is None or not (path := figure_path(self.page, block, self.site.root)).exists():
            return None
        points = figure_points(path)
        source = f"{self.top}{path.relative_to(self.site.root / 'docs').as_posix()}"
        texts = {"alt": mark.kwargs["alt"], "caption": mark.kwargs.get("caption", "")}
        legible = str(round(points["width"] * LEGIBLE))
        return {"source": source, "sides": Markup(sides(points)), "legible": legible, **texts}


def sides(points: Mapping[str, float]) -> str:
    """Return the attributes that keep a picture's place until it is loaded."""
    return "".join(f' {side}="{round(length * 4 / 3)}"' for side, length in points.items())


def usual(page: Page, statuses: Mapping[str, Status]) -> str:
    """Return in a few words where most of the page's blocks stand, of those that are executed."""
    counts = Counter(statuses[block.name].short for block in page.blocks if not block.mark("skip"))
    return counts.most_common(1)[0][0] if counts else ""


def fold(block: Block) -> str:
    """Return the line that folded code opens from, or '': the setup is folded, and what draws a picture."""
    lines = block.code.count("\n")
    size = f"{lines} line{'s' if lines > 1 else ''}"
    if block.mark("figure"):
        return f"Code for this figure, {size}"
    return f"Setup, {size}" if block.name == "setup" else ""


def report_url(page: Page, site: Site, block: str, verified: str) -> str:
    """Return the address of an issue form with page, block, devices and versions filled in."""
    where = page.path.relative_to(site.root).as_posix()
    title = f"{where}: {block}" if block else where
    form = "other-message.yml" if block and any(entry.page == page.key for entry in site.entries) else "wrong-block.yml"
    fields = {"template": form, "title": title, "page": where, "block": block, "versions": verified}
    return f"{site.repository}/issues/new?{urlencode(fields)}"
