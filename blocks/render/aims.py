"""What a page teaches and what to remember of it, from its front matter: `learn` at the top, `recap` before "Next"."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blocks.errors import BadInput

KINDS = {"learn": "You will learn to", "recap": "Recap"}
TITLE = re.compile(r"^# .+\n", re.MULTILINE)
NEXT = re.compile(r"^## Next\b", re.MULTILINE)


def with_aims(path: Path, markdown: str, meta: Mapping[str, Any]) -> str:
    """Return a page's Markdown with both lists in it, where the front matter has them."""
    learn, recap = (box(path, kind, meta.get(kind)) for kind in KINDS)
    if recap:
        ends = list(NEXT.finditer(markdown))
        at = ends[-1].start() if ends else len(markdown)
        markdown = f"{markdown[:at].rstrip()}\n\n{recap}\n\n{markdown[at:]}"
    return TITLE.sub(lambda title: f"{title[0]}\n{learn}\n", markdown, count=1) if learn else markdown


def box(path: Path, kind: str, points: Any) -> str:
    """Return one list in its frame as Markdown, or '' if the front matter has none."""
    if points is None:
        return ""
    if not isinstance(points, list) or not all(isinstance(point, str) and point.strip() for point in points):
        raise BadInput(
            path, 1, f"'{kind}' in the front matter is no list of phrases", "Write each behind '- ', in quotes"
        )
    lines = "".join(f"- {' '.join(point.split())}\n" for point in points)
    return f'<div class="{kind}" markdown>\n\n{KINDS[kind]}\n{{ .aims-title }}\n\n{lines}\n</div>'
