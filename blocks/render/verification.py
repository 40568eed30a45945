"""The verification page: totals, page by environment, every block that is not executed, the raw records."""

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from blocks.read.marks import PERMANENT
from blocks.read.page import Block, Page
from blocks.record.record import Record, code_hash, page_key
from blocks.record.status import verified
from blocks.record.summary import device, summary
from blocks.render.frame import Site

Pages = Sequence[Page]


def with_tables(html: str, pages: Pages, site: Site, top: str) -> str:
    """Return the page's HTML with the table and lists filled in where `<!-- matrix -->` and its like stand."""
    makers: dict[str, Callable[[Pages, Site, str], str]] = {
        "matrix": matrix,
        "skips": skips,
        "records": sources,
    }
    for name, make in makers.items():
        place = f"<!-- {name} -->"
        if place in html:
            html = html.replace(place, make([page for page in pages if page.blocks], site, top))
    return html


def totals(pages: Pages, site: Site) -> str:
    """Return one sentence: pages, blocks, and how many of them passed on each kind of device."""
    pages = [page for page in pages if page.blocks]
    blocks = [
        (page_key(page, site.root), block.name, code_hash(page, block)) for page in pages for block in page.blocks
    ]
    skipped = sum(bool(block.mark("skip")) for page in pages for block in page.blocks)
    text = f"{len(pages)} pages, {len(blocks):,} blocks"
    for kind, name in (("cpu", "CPU"), ("cuda", "CUDA")):
        here = [record for record in site.records if record.environment.device == kind]
        passed = sum(any(record.verdict(*block) == "passed" for record in here) for block in blocks)
        text += f"; {passed:,} passed on {name}" if passed else f"; not yet run on {name}"
    return f"{text}; {skipped} not executed."


def said(page: Page, block: Block, record: Record, root: Path) -> str:
    """Return the record's verdict on exactly this code, or ''."""
    return record.verdict(page_key(page, root), block.name, code_hash(page, block))


def anchor(page: Page, root: Path) -> str:
    """Return the anchor of a page's row."""
    return f"page-{page_key(page, root).replace('/', '-')}"


def matrix(pages: Pages, site: Site, top: str) -> str:
    """Return a table with a row for each page, which opens to its blocks, and a column for each environment."""
    names = list(dict.fromkeys(device(record.environment) for record in site.records))
    groups = [[record for record in site.records if device(record.environment) == name] for name in names]
    devices = "".join(
        f'<th colspan="{len(group)}" scope="colgroup">{escape(name)}</th>'
        for name, group in zip(names, groups, strict=True)
    )
    records = [record for group in groups for record in group]
    heads = "".join(f'<th scope="col">{versions(record)}</th>' for record in records)
    rows = "".join(row(page, records, site, top) for page in pages)
    first = '<th rowspan="2" scope="col">Page</th><th rowspan="2" scope="col">Blocks</th>'
    return (
        '<div class="matrix" tabindex="0" role="region" aria-label="Pages and environments"><table class="plain">'
        f"<thead><tr>{first}{devices}</tr><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def versions(record: Record) -> str:
    """Return the head of an environment's column."""
    place = record.environment
    return f"torch<br>{place.torch}<br>Python<br>{place.python}<br>{place.system}"


def row(page: Page, records: Sequence[Record], site: Site, top: str) -> str:
    """Return the page's row, whose name opens to its blocks."""
    key = page_key(page, site.root)
    lists = "".join(f"<dt>{escape(text)}</dt><dd>{names}</dd>" for text, names in states(page, site, top).items())
    opened = f"<details><summary>{key}</summary><dl>{lists}</dl></details>"
    counts = [count(page, record, site.root) for record in records]
    cells = "".join(f'<td class="all">{text}</td>' if text == "all" else f"<td>{text}</td>" for text in counts)
    return f'<tr id="{anchor(page, site.root)}"><th scope="row">{opened}</th><td>{len(page.blocks)}</td>{cells}</tr>'


def count(page: Page, record: Record, root: Path) -> str:
    """Return how the page's blocks did in one environment: all, or how many of them are verified there."""
    verdicts = [said(page, block, record, root) for block in page.blocks]
    good, total = sum(map(verified, verdicts)), len(verdicts)
    if not any(verdicts):
        return "not yet run"
    failed = f", {verdicts.count('failed')} failed" if "failed" in verdicts else ""
    return "all" if good == total else f"{good} of {total}{failed}"


def states(page: Page, site: Site, top: str) -> dict[str, str]:
    """Return links to the page's blocks by what the records say of them, the most frequent first."""
    found: dict[str, list[str]] = {}
    address = site.address(page_key(page, site.root), top)
    for block in page.blocks:
        link = f'<a href="{address}#block-{block.name}">{block.name}</a>'
        found.setdefault(state(page, block, site), []).append(link)
    return {text: ", ".join(found[text]) for text in sorted(found, key=lambda text: -len(found[text]))}


def state(page: Page, block: Block, site: Site) -> str:
    """Return in which environments exactly this code passed, failed, or was skipped and why."""
    if skip := block.mark("skip"):
        until = "" if skip.kwargs["until"] == PERMANENT else f" until {skip.kwargs['until']}"
        return f"Not executed{until}: {skip.kwargs['reason']}"
    environments: dict[str, list[Record]] = {}
    for record in site.records:
        environments.setdefault(said(page, block, record, site.root), []).append(record)
    texts = [
        f"{(verdict or 'not yet run').capitalize()} on {summary([record.environment for record in records])}"
        for verdict, records in environments.items()
    ]
    return ". ".join(texts) or "Not yet run"


def skips(pages: Pages, site: Site, top: str) -> str:
    """Return a list of the blocks that are not executed, everywhere or in some environment, each with its reason."""
    lines = []
    for page in pages:
        key = page_key(page, site.root)
        for block in page.blocks:
            text = state(page, block, site)
            if "skipped: " in text.lower() or block.mark("skip"):
                name = f'<a href="{site.address(key, top)}#block-{block.name}">{key}: {block.name}</a>'
                lines.append(f"<li>{name}. {escape(text)}</li>")
    return f"<ul>{''.join(lines)}</ul>" if lines else "Every block is executed."


def sources(pages: Pages, site: Site, top: str) -> str:
    """Return a list of links to the records as JSON, the oldest date, and where one is described."""
    if not site.records:
        return "No record yet."
    lines = [
        f'<li><a href="{top}records/{record.environment.id}.json">{escape(str(record.environment))}</a>, '
        f"{record.date}</li>"
        for record in site.records
    ]
    oldest = min(site.records, key=lambda record: record.date)
    format_ = f'<a href="{site.address("about/conventions", top)}#records">What a record says</a>'
    return f"<ul>{''.join(lines)}</ul><p>The oldest is of {oldest.date}. {format_}.</p>"
