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
    """Return one list in its frame as Markdown, a text as a paragraph, or '' if the front matter has neither."""
    if points is None:
        return ""
    texts = [phrase(point) for point in points] if isinstance(points, list) else [points]
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise BadInput(path, 1, f"'{kind}' in the front matter is no list of phrases", "Write each behind '- '")
    if kind == "learn":  # the phrases go on with the sentence above them
        texts = [text[0].lower() + text[1:] for text in texts]
    bullet = "" if isinstance(points, str) else "- "
    lines = "".join(f"{bullet}{' '.join(text.split())}\n" for text in texts)
    return f'<div class="{kind}" markdown>\n\n{KINDS[kind]}\n{{ .aims-title }}\n\n{lines}\n</div>'


def phrase(point: Any) -> Any:
    """Return a phrase as it was written: YAML takes one with a colon inside for a mapping."""
    return ": ".join(map(str, *point.items())) if isinstance(point, dict) and len(point) == 1 else point
