"""The links to other sites in pages, tutorials and the project's own documents; all of them stand in one list."""

import re
from pathlib import Path

from blocks.text_files import read_text

LIST = Path(".ci", "links.txt")
LINK = re.compile(r"\]\((https?://[^()\s]+(?:\([^()\s]*\))?)\)|<(https?://[^<>\s]+)>")
PLACES = ("docs/**/*.md", "snippets/tutorials/*.py", "*.md")


def find_links(root: Path) -> dict[str, list[Path]]:
    """Return each link, sorted, with the files that have it."""
    found: dict[str, list[Path]] = {}
    for path in sorted(path for place in PLACES for path in root.glob(place)):
        for link in sorted({first or second for first, second in LINK.findall(read_text(path))}):
            found.setdefault(link.partition("#")[0], []).append(path.relative_to(root))
    return dict(sorted(found.items()))


def read_list(root: Path) -> list[str]:
    """Return the links in the list."""
    return read_text(root / LIST).split()
