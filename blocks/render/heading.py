"""What stands below a page's title: where it was verified, what to know first, how long it takes, what to take away."""

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from blocks.read.page import Page
from blocks.record.record import page_key
from blocks.record.status import page_status
from blocks.render.frame import Site

Titles = Mapping[str, tuple[str, str]]
WORDS_A_MINUTE = 180
TITLE_END = "</h1>"


def with_heading(page: Page, html: str, reading: int, meta: Mapping[str, Any], titles: Titles, site: Site) -> str:
    """Return the page's HTML with these lines after its title.

    `reading` is in minutes; `titles` gives title and relative address of each page by its path below `docs/`.
    """
    if not page.blocks or TITLE_END not in html:
        return html
    before = prerequisites(meta.get("prerequisites") or [], titles)
    lines = verified(page, site), before, f"{reading} min read{run_time(page, site)} · {actions(page, site)}"
    head, tail = html.split(TITLE_END, 1)
    shown = "".join(f"<p>{line}</p>" for line in lines if line)
    status = '<p id="copied" role="status" aria-live="polite"></p>'
    return f'{head}{TITLE_END}<div class="page-facts">{shown}{status}</div>{tail}'


def verified(page: Page, site: Site) -> str:
    """Return in which environments every block of the page, as it stands, has passed."""
    places = page_status(page, site.records, site.root)
    torch = next((r.environment.torch for r in site.records), "")
    if not places:
        return f'<span data-torch="{torch}">This version of the page has not yet run in a recorded environment.</span>'
    cuda = any(not place.startswith("CPU") for place in places)
    rest = "" if cuda else " Not yet run on CUDA."
    return f'<span data-torch="{torch}">Verified on {"; ".join(map(escape, places))}.{rest}</span>'


def prerequisites(paths: Sequence[str], titles: Titles) -> str:
    """Return links to the pages that a reader should know first."""
    known = [titles[path] for path in paths if path in titles]
    links = [f'<a href="{address}">{escape(title)}</a>' for title, address in known]
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
    """Return links to the page's program."""
    key = page_key(page, site.root).rsplit("/", 1)[-1]
    source = f"{site.repository}/blob/main/{page.snippet.relative_to(site.root).as_posix()}"
    up = "" if key == "index" else "../"
    endings = [("py", "script"), ("ipynb", "notebook"), ("md", "Markdown")]
    links = [f'<a href="{up}{key}.{ending}" download>{name}</a>' for ending, name in endings]
    return f'Download as {", ".join(links)} · <a href="{escape(source)}">Source</a>'
