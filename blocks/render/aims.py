"""What a page teaches and what to remember of it, from its front matter: `learn` at the top, `recap` before "Next"."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markdown import markdown as to_html

from blocks.errors import BadInput

KINDS = {"learn": "You will learn to", "recap": "Recap"}
TITLE = re.compile(r"^# .+\n", re.MULTILINE)
NEXT = re.compile(r"^## (?:Next|Where to go next)\b", re.MULTILINE)
NEXT_IN_HTML = re.compile(r'<h2 id="(?:where-to-go-)?next">|\Z')
FRAMED = '<div class="{kind}" markdown>\n\n{title}\n{{ .aims-title }}\n\n{lines}\n\n</div>'
BOLD = "**{title}**\n\n{lines}"  # where no style sheet makes a frame of a class


def with_aims(path: Path, markdown: str, meta: Mapping[str, Any], form: str = FRAMED) -> str:
    """Return a page's Markdown with both lists in it, where the front matter has them."""
    learn, recap = (box(path, kind, meta.get(kind), form) for kind in KINDS)
    if recap:
        ends = list(NEXT.finditer(markdown))
        at = ends[-1].start() if ends else len(markdown)
        markdown = f"{markdown[:at].rstrip()}\n\n{recap}\n\n{markdown[at:]}"
    return TITLE.sub(lambda title: f"{title[0]}\n{learn}\n", markdown, count=1) if learn else markdown


def with_aims_in_html(path: Path, html: str, meta: Mapping[str, Any]) -> str:
    """Return a tutorial's HTML with both lists in it: its prose has been rendered cell by cell."""
    boxes = (box(path, kind, meta.get(kind), FRAMED) for kind in KINDS)
    learn, recap = (to_html(made, extensions=["attr_list", "md_in_html"]) for made in boxes)
    html = NEXT_IN_HTML.sub(lambda place: recap + place[0], html, count=1)
    return html.replace("</h1>", f"</h1>{learn}", 1)


def box(path: Path, kind: str, points: Any, form: str) -> str:
    """Return one list in this form as Markdown, a text as a paragraph, or '' if the front matter has neither."""
    if points is None:
        return ""
    texts = [phrase(point) for point in points] if isinstance(points, list) else [points]
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise BadInput(path, 1, f"'{kind}' in the front matter is no list of phrases", "Write each behind '- '")
    bullet = "" if isinstance(points, str) else "- "
    lines = "\n".join(f"{bullet}{' '.join(text.split())}" for text in texts)
    return form.format(kind=kind, title=KINDS[kind], lines=lines)


def phrase(point: Any) -> Any:
    """Return a phrase as it was written: YAML takes one with a colon inside for a mapping."""
    return ": ".join(map(str, *point.items())) if isinstance(point, dict) and len(point) == 1 else point
