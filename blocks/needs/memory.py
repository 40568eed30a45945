"""What the code of each page came to, its needs and the names it uses, kept from one build of the site to the next.

One file, `.cache/needs.json`, holds it for every page as it was last built. It is good for exactly the code of the
page, of this folder, and of the Python that reads it; delete it at any time.
"""

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from blocks.needs.imports import NAMES
from blocks.needs.needs import PROGRAMS
from blocks.read.page import Page

FOLDER = Path(__file__).parent


def digest(parts: Iterable[str]) -> str:
    """Return the hash of texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def tooling() -> str:
    """Return the hash of what computes it: the code of this folder, the version of Python."""
    return digest([sys.version, *(path.read_text("utf-8") for path in sorted(FOLDER.glob("*.py")))])


def recall(path: Path, pages: Iterable[Page]) -> None:
    """Take over what the file knows of these pages; a file that is missing, old or broken knows nothing."""
    try:
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
        known = content["pages"] if content["tooling"] == tooling() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return
    for page in pages:
        if found := known.get(digest(page.codes)):
            PROGRAMS[page.codes], NAMES[page.codes] = found


def kept(pages: Iterable[Page]) -> str:
    """Return the text of a file that knows these pages, as far as a build has asked about them."""
    asked = [page for page in pages if page.codes in PROGRAMS and page.codes in NAMES]
    known = {digest(page.codes): (PROGRAMS[page.codes], NAMES[page.codes]) for page in asked}
    return json.dumps({"tooling": tooling(), "pages": known})
