"""What lies beside the pages: programs, notebooks, cards, Markdown, `llms.txt` to list it, `llms-full.txt` with it."""

import re
from collections.abc import Mapping
from pathlib import Path

from blocks.render.guide import MESSAGES, Guide

COMMENT = re.compile(r"/\*.*?\*/\n?", re.DOTALL)


def write_files(guide: Guide, folder: Path, site_url: str, description: str, cards: Mapping[str, bytes]) -> None:
    """Write these files into the built site; `cards` are the pictures that stand for pages, by address."""
    texts = list(guide.texts(site_url))
    listing = "".join(f"- [{title}]({site_url}{address})\n" for address, title, _ in texts)
    head = f"# PyTorch Deep Dive\n\n> {description}\n\n"
    files = dict(guide.downloads(site_url)) | {address: text for address, _, text in texts}
    errors = f"- [All error messages with cause and fix, as JSON]({site_url}{MESSAGES})\n" if MESSAGES in files else ""
    files["llms.txt"] = f"{head}## Pages\n\n{listing}{errors}"
    files["llms-full.txt"] = head + "\n\n".join(text for _, _, text in texts)
    for style in (folder / "assets" / "css").glob("*.css"):
        style.write_text(COMMENT.sub("", style.read_text("utf-8")), "utf-8")
    for address, content in {**{name: text.encode() for name, text in files.items()}, **cards}.items():
        path = folder / address
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
