"""The page as a program to take away: its snippet without the markers."""

import re

from blocks.errors import read_text
from blocks.read.page import Page
from blocks.read.regions import MARKER


def program(page: Page) -> str:
    """Return the snippet's text without region markers, blank lines tidied."""
    lines = [line for line in read_text(page.snippet).splitlines() if not MARKER.match(line)]
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).strip() + "\n"
