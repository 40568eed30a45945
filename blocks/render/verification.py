"""The verification page: totals, pages by environment, the exceptions by their reason, the raw records."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from blocks.read.marks import PERMANENT
from blocks.read.page import Block, Page
from blocks.records.record import Record, code_hash
from blocks.records.status import is_fine
from blocks.records.summary import device, spans, summary
from blocks.render.block_bar import Site
from blocks.render.template import fill

Title = Callable[[str], tuple[str, str] | None]


@dataclass(frozen=True)
class Tables:
    """What makes the tables of the page."""

    pages: Sequence[Page]
    """All pages that have blocks."""
    site: Site
    """The records."""
    title: Title
    """Gives title and relative address of a page by its path."""
    top: str
    """The way to the site's root."""

    def fill_in(self, html: str) -> str:
        """Return the page's HTML with each table where `<!-- matrix -->` and its like stand."""
        for name, make in {"matrix": self.matrix, "exceptions": self.exceptions, "records": self.sources}.items():
            place = f"<!-- {name} -->"
            html = html.replace(place, make()) if place in html else html
        return html

    def page(self, page: Page) -> dict[str, str]:
        """Return title and address of a page, and the anchor of its row."""
        parts = page.path.relative_to(self.site.root).parts[1:]
        name, address = self.title("/".join(parts)) or (page.key, "")
        return {"title": name, "url": address, "anchor": anchor(page)}

    def matrix(self) -> str:
        """Return a table with a row for each page and a column for each environment."""
        names = list(dict.fromkeys(device(record.environment) for record in self.site.records))
        groups = [[record for record in self.site.records if device(record.environment) == name] for name in names]
        records = [record for group in groups for record in group]
        rows = [
            {"blocks": len(page.blocks), "cells": [count(page, r) for r in records], **self.page(page)}
            for page in self.pages
        ]
        devices = [(name, len(group)) for name, group in zip(names, groups, strict=True)]
        return fill("matrix", devices=devices, places=[record.environment for record in records], rows=rows)

    def exceptions(self) -> str:
        """Return every block that did not pass somewhere, grouped by what the records say of it."""
        groups: dict[tuple[int, str], dict[str, list[str]]] = {}
        pages = {page.key: self.page(page) for page in self.pages}
        for page in self.pages:
            for block in page.blocks:
                for said_of_it in exceptions(page, block, self.site):
                    of_page = groups.setdefault(said_of_it, {}).setdefault(page.key, [])
                    of_page.append(block.name)
        shown = [
            {"text": text, "count": sum(map(len, found.values())), "pages": [(pages[key], found[key]) for key in found]}
            for (_, text), found in sorted(groups.items(), key=lambda group: (group[0][0], -len(group[1])))
        ]
        return fill("exceptions", groups=shown)

    def sources(self) -> str:
        """Return a list of links to the records as JSON, the oldest date, and where one is described."""
        described = f"{self.site.address('about/conventions', self.top)}#records"
        oldest = min((record.date for record in self.site.records), default="")
        return fill("records", records=self.site.records, top=self.top, oldest=oldest, described=described)


def totals(pages: Sequence[Page], site: Site) -> str:
    """Return the guide in numbers: pages, blocks, how many passed on each kind of device, in how many environments."""
    pages = [page for page in pages if page.blocks]
    keys = [(page.key, block.name, code_hash(page, block)) for page in pages for block in page.blocks]
    numbers = [(len(pages), "pages"), (len(keys), "blocks of code")]
    for kind, name in (("cpu", "CPU"), ("cuda", "CUDA")):
        here = [record for record in site.records if record.environment.device == kind]
        passed = sum(any(record.verdict(*key) == "passed" for record in here) for key in keys)
        numbers += [(passed, f"passed on {name}, torch {spans(r.environment.torch for r in here)}")] if passed else []
    numbers += [(len(site.records), "environments")] if site.records else []
    return fill("totals", numbers=numbers)


def verdict_on(page: Page, block: Block, record: Record) -> str:
    """Return the record's verdict on exactly this code, or ''."""
    return record.verdict(page.key, block.name, code_hash(page, block))


def anchor(page: Page) -> str:
    """Return the anchor of a page's row."""
    return f"page-{page.key.replace('/', '-')}"


def count(page: Page, record: Record) -> str:
    """Return how the page's blocks did in one environment: a tick for all, or how many of them are verified there."""
    verdicts = [verdict_on(page, block, record) for block in page.blocks if not block.mark("skip")]
    good, total = sum(map(is_fine, verdicts)), len(verdicts)
    if not any(verdicts):
        return "not yet" if verdicts else ""
    failed = f", {verdicts.count('failed')} failed" if "failed" in verdicts else ""
    return "✓" if good == total else f"{good} of {total}{failed}"


def exceptions(page: Page, block: Block, site: Site) -> list[tuple[int, str]]:
    """Return what there is to say of a block that did not pass everywhere, each with its rank, the gravest first."""
    if skip := block.mark("skip"):
        until = "" if skip.kwargs["until"] == PERMANENT else f", until {skip.kwargs['until']}"
        return [(0, f"Shown and not executed{until}: {skip.kwargs['reason']}")]
    places: dict[str, list[Record]] = {}
    for record in site.records:
        places.setdefault(verdict_on(page, block, record), []).append(record)
    elsewhere = "; passed elsewhere" if "passed" in places else ""
    found = []
    for verdict, records in places.items():
        where = summary([record.environment for record in records])
        if verdict == "failed":
            found.append((1, f"Failed on {where}{elsewhere}"))
        elif not verdict:
            found.append((2, f"Not yet run on {where}{elsewhere}" if len(places) > 1 else "Not yet run as it stands"))
        elif verdict != "passed":
            found.append((3, f"{verdict.removeprefix('skipped: ')}: left out on {where}{elsewhere}"))
    return found
