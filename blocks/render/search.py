"""What the search index keeps of a section: prose and outputs, of its code each name once, and what readers call it."""

import builtins
import html
import keyword
import re
import tomllib
from pathlib import Path

CODE = re.compile(r"<pre><code>(?P<code>.*?)</code></pre>", re.DOTALL)
NAME = re.compile(r"[A-Za-z_]\w{2,}")
PYTHON = {*keyword.kwlist, *dir(builtins)}  # words that nearly every listing has
ASKED = Path(__file__).with_name("asked.toml")


def searched(text: str, asked: str = "") -> str:
    """Return a section's text with every listing replaced by its names that stand nowhere else in the section.

    They, and what readers call the matter, are found and not shown among the results.
    """
    prose = CODE.sub(" ", text)
    known = {*NAME.findall(prose), *NAME.findall(asked), *PYTHON}
    used = [name for code in CODE.findall(text) for name in NAME.findall(html.unescape(code))]
    fresh = " ".join(name for name in dict.fromkeys(used) if name not in known)
    hidden = [f"<p hidden>{words}</p>" for words in (fresh, asked)]
    return " ".join([prose, *hidden]) if fresh or asked else prose


def asked_words() -> dict[str, str]:
    """Return what readers call each section, by its page and anchor, such as `tensors/views#reshape`."""
    pages = tomllib.loads(ASKED.read_text("utf-8"))
    return {f"{page}#{anchor}".rstrip("#"): words for page, some in pages.items() for anchor, words in some.items()}


def place(address: str) -> str:
    """Return the name of a page or section, as `asked_words` has it, from its address on a host or on a disk."""
    page, _, anchor = address.partition("#")
    page = page.split("?")[0].removesuffix(".html").strip("/")
    return f"{page}#{anchor}" if anchor else page
