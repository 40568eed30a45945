"""Links to other sites: are they still there?"""

import argparse
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from blocks.read.links import LIST, find_links, read_list

HELP = "check the links to other sites; print those that lead nowhere"
TRIES, PATIENCE, PAUSE = 3, 20.0, 2.0
REFUSED = (401, 403, 405, 429)  # the address exists; its server has no answer for a program


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line takes."""
    parser.add_argument("--update", action="store_true", help="write the list of links again, and check none")


def run(root: Path, options: argparse.Namespace) -> int:
    """Update the list, or print what does not answer, as the text of an issue."""
    pages = find_links(root)
    if options.update:
        Path(root, LIST).write_text("\n".join(pages) + "\n", "utf-8", newline="\n")
        return 0
    print(broken(read_list(root), pages), end="")
    return 0


def broken(links: Sequence[str], pages: Mapping[str, Sequence[Path]]) -> str:
    """Return a list in Markdown of the links that lead nowhere, and where they stand."""
    with ThreadPoolExecutor(8) as pool:
        faults = list(pool.map(fault, links))
    lines = [
        f"- {link}: {wrong} (in {', '.join(path.as_posix() for path in pages.get(link, ()))})"
        for link, wrong in zip(links, faults, strict=True)
        if wrong
    ]
    return "".join(f"{line}\n" for line in lines)


def fault(link: str, tries: int = TRIES, pause: float = PAUSE) -> str:
    """Return why a link leads nowhere, or nothing."""
    request = urllib.request.Request(link, headers={"User-Agent": "Mozilla/5.0 (link check)"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE):
            return ""
    except urllib.error.HTTPError as error:
        wrong = "" if error.code in REFUSED else f"{error.code} {error.reason}"
    except (OSError, ValueError) as error:
        wrong = str(error)
    if wrong and tries > 1:
        time.sleep(pause)
        return fault(link, tries - 1, pause)
    return wrong
