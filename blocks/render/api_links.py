"""Names of PyTorch in a block's code lead to their official description, where they stand."""

import re
from collections.abc import Mapping
from html import escape, unescape

from blocks.needs.imports import names_of, shorter
from blocks.read.page import Page

PIECE = re.compile(r'<span class="(?P<kind>\w*)[^>]*>|<[^>]*>|&[^;]*;|[^<&]', re.DOTALL)
CLOSE = "</span>"
QUOTED = re.compile(r"s(?!i)|c")  # classes of strings and comments; `si` are the braces in an f-string


def described(page: Page, addresses: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return for each block the addresses of what it uses, by the name that its code writes."""
    found: dict[str, dict[str, str]] = {}
    for block, names in names_of(page.codes).items():
        found[block] = {}
        for written, full in names.items():
            pairs = zip(shorter(written), shorter(full), strict=False)
            label, name = next(((label, name) for label, name in pairs if name in addresses), ("", ""))
            if name:
                found[block].setdefault(label, addresses[name])
    return found


def with_links(code: str, names: Mapping[str, str], seen: set[str]) -> str:
    """Return highlighted code with a link on the first place of each name; the text stays the same.

    What the page has linked before, in `seen`, is not met again by who goes from link to link with the keyboard.
    """
    text, places = letters(code)
    found: dict[int, tuple[int, str]] = {}
    for name, address in names.items():
        if place := re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text):
            start = code.rfind("<", 0, places[place.start()])
            end = code.find(CLOSE, places[place.end() - 1]) + len(CLOSE)
            found[start] = end, address
    for start, (end, address) in sorted(found.items(), reverse=True):
        code = f"{code[:start]}\0{address}\0{code[start:end]}</a>{code[end:]}"
    return re.sub(r"\0(.*?)\0", lambda link: opening(link[1], seen), code)


def opening(address: str, seen: set[str]) -> str:
    """Return the tag that opens a link; only the first to an address can be reached by the tab key."""
    again = ' tabindex="-1"' if address in seen else ""
    seen.add(address)
    return f'<a class="api" href="{escape(address)}"{again}>'


def letters(code: str) -> tuple[str, list[int]]:
    """Return the text of highlighted code, its strings and comments blanked, and where each letter stands."""
    text, places, kind = "", [], ""
    for piece in PIECE.finditer(code):
        if piece[0].startswith("<"):
            kind = piece["kind"] or ("" if piece[0] == CLOSE else kind)
        else:
            text += " " if QUOTED.match(kind) else unescape(piece[0])
            places.append(piece.start())
    return text, places
