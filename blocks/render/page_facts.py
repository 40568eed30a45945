"""Below a page's title: how long it takes, what it needs, where it passed, what to do with it; at its foot its date."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from blocks.errors import BadInput
from blocks.read.page import Page
from blocks.records.minimum_torch import page_works_from
from blocks.records.status import is_fine, page_status
from blocks.records.summary import spans, summary
from blocks.render.block_bar import Site, report_url
from blocks.render.history import spoken
from blocks.render.template import fill
from blocks.render.troubleshooting import of_lesson
from blocks.render.verification import anchor, verdict_on
from blocks.run.shared.environment import Environment

Title = Callable[[str], tuple[str, str] | None]
WORDS_A_MINUTE = 180
TITLE_END = "</h1>"
GITHUB = "https://github.com/"


def with_heading(page: Page, html: str, reading: int, meta: Mapping[str, Any], title: Title, site: Site) -> str:
    """Return the page's HTML with its menu and facts after its title; the home page has none.

    `reading` is in minutes; `title` gives the title and relative address of a page by its path below `docs/`.
    """
    if TITLE_END not in html or page.key == "index":
        return html
    known = {path: title(path) for path in meta.get("prerequisites") or []}
    if missing := [path for path, found in known.items() if not found]:
        raise BadInput(page.path, 1, f"prerequisite '{missing[0]}' is no page", "Write it like tensors/creating.md")
    places = ran(page, site)
    facts = {"reading": reading, "needs": [*known.values()], "packages": " ".join(page.packages)}
    facts["verified"] = where_it_passed(page, places, site, title)
    head, tail = html.split(TITLE_END, 1)
    return f"{head}{TITLE_END}{fill('facts', **facts, **actions(page, places, site))}{tail}"


def where_it_passed(page: Page, places: Sequence[Environment], site: Site, title: Title) -> dict[str, str] | None:
    """Return where every block of the page, as it stands, has passed: a few words, the list, the row with all of it."""
    if not page.blocks:
        return None
    _, address = title("about/verification.md") or ("", "")
    text = f"verified on {devices(places)}{since(page, places, site)}" if places else unverified(page, site)
    return {"url": f"{address}#{anchor(page)}", "places": "\n".join(map(str, places)), "text": text}


def ran(page: Page, site: Site) -> list[Environment]:
    """Return where the page is verified, without the places in which each of its blocks was skipped."""
    whole = page_status(page, site.records)
    records = [record for record in site.records if record.environment in whole]
    return [r.environment for r in records if any(verdict_on(page, b, r) == "passed" for b in page.blocks)]


def devices(places: Sequence[Environment]) -> str:
    """Return such as 'CPU and CUDA, torch 2.11 to 2.15', or 'CPU (torch 2.15) and CUDA (2.11)' where they differ."""
    kinds = {"cpu": "CPU", "cuda": "CUDA"}
    found = {name: spans(e.torch for e in places if e.device == kind) for kind, name in kinds.items()}
    found = {name: versions for name, versions in found.items() if versions}
    if len(set(found.values())) == 1:
        return f"{' and '.join(found)}, torch {next(iter(found.values()))}"
    return f"CPU (torch {found['CPU']}) and CUDA ({found['CUDA']})"


def since(page: Page, places: Sequence[Environment], site: Site) -> str:
    """Return the first torch that does, if older ones among these places do not."""
    oldest, needed = spans(place.torch for place in places), page_works_from(page, site.records)
    return f", works from torch {needed}" if needed and not re.match(rf"{re.escape(needed)}\b", oldest) else ""


def unverified(page: Page, site: Site) -> str:
    """Return how many blocks have passed as they stand, on a page of which no environment has passed all."""
    executed = [block for block in page.blocks if not block.mark("skip")]
    passed = sum(any(is_fine(verdict_on(page, b, record)) for record in site.records) for b in executed)
    return f"{passed} of {len(executed)} blocks verified as they stand" if passed else "not yet verified as it stands"


def minutes(html: str) -> int:
    """Return how long the page takes to read, in minutes."""
    prose = re.sub(r"<pre.*?</pre>|<details.*?</details>|<[^>]+>", " ", html, flags=re.DOTALL)
    words = prose.split()
    return max(1, math.ceil(len(words) / WORDS_A_MINUTE))


def actions(page: Page, places: Sequence[Environment], site: Site) -> dict[str, Any]:
    """Return where a reader takes the whole page away, runs it elsewhere, sees its source, changes or reports it."""
    key, blocks = page.key, bool(page.blocks)
    up = "../" if site.folders and not key.endswith("/index") else ""
    endings = [("Script (.py)", "py"), ("Notebook (.ipynb)", "ipynb")] if blocks else []
    files = [(name, f"{up}{key.rsplit('/', 1)[-1]}.{ending}") for name, ending in [*endings, ("Markdown (.md)", "md")]]
    notebook = f"{site.repository.removeprefix(GITHUB)}/blob/notebooks/{key}.ipynb"
    source, text = ((page.snippet if blocks else page.path), page.path)
    return {
        "folders": site.folders,  # a page read from disk may not fetch its neighbour
        "files": files,
        "colab": blocks
        and site.repository.startswith(GITHUB)
        and f"https://colab.research.google.com/github/{notebook}",
        "source": f"{site.repository}/blob/main/{source.relative_to(site.root).as_posix()}",
        "edit": f"{site.repository}/edit/main/{text.relative_to(site.root).as_posix()}",
        "report": blocks
        and report_url(page, site, "", f"Passed on {summary(places)}" if places else "Not yet verified"),
    }


def with_foot(page: Page, html: str, title: Title, site: Site) -> str:
    """Return the page's HTML with the errors that it explains, its date and the release it is for at its foot."""
    files = (path.relative_to(site.root).as_posix() for path in (page.path, page.snippet))
    days = [site.days[file] for file in files if file in site.days]
    day, torch = spoken(max(days)) if days else "", site.torch if page.blocks else ""
    about = of_lesson(site.entries, f"{page.key}{page.path.suffix}")
    errors = [(entry.heading, f"{found[1]}#{entry.anchor}") for entry in about if (found := title(f"{entry.page}.md"))]
    return html + fill("foot", day=day, torch=torch, errors=errors) if day or torch or errors else html
