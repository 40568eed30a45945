"""What stands below a page's title: where it was verified, what to know first, how long it takes, what to take away."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from blocks.read.page import Page
from blocks.record.record import page_key
from blocks.record.status import page_status
from blocks.record.summary import spans, summary
from blocks.record.works_from import page_works_from
from blocks.render.frame import Site
from blocks.render.verification import anchor, said
from blocks.run.environment import Environment

Title = Callable[[str], tuple[str, str] | None]
WORDS_A_MINUTE = 180
TITLE_END = "</h1>"
GITHUB = "https://github.com/"


def with_heading(page: Page, html: str, reading: int, meta: Mapping[str, Any], title: Title, site: Site) -> str:
    """Return the page's HTML with these lines after its title.

    `reading` is in minutes; `title` gives the title and relative address of a page by its path below `docs/`.
    """
    if TITLE_END not in html:
        return html
    before = prerequisites(meta.get("prerequisites") or [], title)
    lines = verified(page, site, title), before, f"{reading} min read{run_time(page, site)}", actions(page, site)
    head, tail = html.split(TITLE_END, 1)
    shown = "".join(f"<p>{line}</p>" for line in lines if line)
    status = '<p id="copied" role="status" aria-live="polite"></p>'
    return f'{head}{TITLE_END}<div class="page-facts">{shown}{status}</div>{tail}'


def verified(page: Page, site: Site, title: Title) -> str:
    """Return in which environments every block of the page, as it stands, has passed."""
    if not page.blocks:
        return ""
    places = page_status(page, site.records, site.root)
    _, address = title("about/verification.md") or ("", "")
    link = f"{address}#{anchor(page, site.root)}"
    if not places:
        return f'<a href="{link}">Not yet verified</a>: no recorded environment has passed every block as it stands.'
    every = escape("\n".join(map(str, places)))
    on = f'<a href="{link}" title="{every}">Verified</a> on {escape(summary(places))}.'
    return f"{on}{limits(page, places, site)}"


def limits(page: Page, places: Sequence[Environment], site: Site) -> str:
    """Return what the list of environments leaves open: an older torch that does not do, CUDA."""
    oldest, needed = spans(place.torch for place in places), page_works_from(page, site.records, site.root)
    text = f" Works from torch {needed} on." if needed and not oldest.startswith(needed) else ""
    if any(place.device == "cuda" for place in places):
        return text
    gpus = [record for record in site.records if record.environment.device == "cuda"]
    ran = any(said(page, block, record, site.root) == "passed" for record in gpus for block in page.blocks)
    return f"{text} {'Not every block has passed' if ran else 'Not yet run'} on CUDA."


def prerequisites(paths: Sequence[str], title: Title) -> str:
    """Return links to the pages that a reader should know first."""
    known = [found for path in paths if (found := title(path))]
    links = [f'<a href="{address}">{escape(name)}</a>' for name, address in known]
    return f"Before you start: {', '.join(links)}." if links else ""


def minutes(html: str) -> int:
    """Return how long the page takes to read, in minutes."""
    prose = re.sub(r"<pre.*?</pre>|<details.*?</details>|<[^>]+>", " ", html, flags=re.DOTALL)
    words = prose.split()
    return max(1, math.ceil(len(words) / WORDS_A_MINUTE))


def run_time(page: Page, site: Site) -> str:
    """Return how long the page runs on a CPU, from the newest record that knows."""
    key = page_key(page, site.root)
    known = [r.seconds[key] for r in site.records if r.environment.device == "cpu" and key in r.seconds]
    return f", runs in about {max(known[0], 1)} s on a CPU" if known else ""


def actions(page: Page, site: Site) -> str:
    """Return what a reader can do with the whole page: take it away, run it elsewhere, see its source."""
    key = page_key(page, site.root)
    up = "../" if site.folders and key != "index" else ""
    endings = [("py", "script"), ("ipynb", "notebook"), ("md", "Markdown")] if page.blocks else [("md", "Markdown")]
    files = [f'<a href="{up}{key.rsplit("/", 1)[-1]}.{ending}" download>{name}</a>' for ending, name in endings]
    source = page.snippet if page.blocks else page.path
    links = [f"Download as {', '.join(files)}"]
    if site.folders:  # a page read from disk may not fetch its neighbour
        links.append('<button type="button" class="copy-page">Copy page as Markdown</button>')
    if page.blocks and site.repository.startswith(GITHUB):
        notebook = f"{site.repository.removeprefix(GITHUB)}/blob/notebooks/{key}.ipynb"
        links.append(f'<a href="https://colab.research.google.com/github/{escape(notebook)}">Open in Colab</a>')
    links.append(f'<a href="{escape(site.repository)}/blob/main/{source.relative_to(site.root).as_posix()}">Source</a>')
    return " · ".join(links)
