"""A page's Markdown and HTML with every block in its frame, and the count that proves none is missing."""

import re
from html import unescape
from pathlib import Path

from blocks.errors import BadInput
from blocks.outputs.figure_files import figure_points
from blocks.read.fences import read_fences
from blocks.read.page import Block, Page
from blocks.render.api_links import described, with_links
from blocks.render.block_bar import Frames, Site, fold, sides
from blocks.text_files import read_text, split_lines

RENDERED = re.compile(r'<div(?= [^>]*class="language-(?:python|bash|shell|sh|zsh)[^"]* highlight")[^>]*>')
LISTING = re.compile(
    rf"(?P<listing>{RENDERED.pattern}.*?</code></pre></div>)(?P<below>\s*<ol>(?P<notes>.*?)</ol>)?", re.DOTALL
)


def with_code(page: Page, markdown: str) -> str:
    """Return the page's Markdown with every block's code in its fence, under the anchor `block-NAME`."""
    lines, whole = split_lines(markdown), read_text(page.path)
    known = whole if whole.endswith(markdown) else markdown  # without its front matter: its fences have been read
    above = known.count("\n") - markdown.count("\n")
    fences = [fence for fence in read_fences(page.path, known) if fence.kind]
    for fence, block in reversed(list(zip(fences, page.blocks, strict=True))):
        ticks = "`" * (3 + max((len(run) for run in re.findall("`+", block.code)), default=0))
        lights = f'hl_lines="{" ".join(map(str, block.lights))}" ' if block.lights else ""
        head = f"{fence.prefix}{ticks} {{.{fence.kind} #block-{block.name} {lights}{option_text(fence.info)}}}"
        code = [f"{fence.prefix}{line}" for line in split_lines(block.code)]
        lines[fence.line - 1 - above : fence.end - above] = [head, *code, f"{fence.prefix}{ticks}"]
    return "\n".join(lines)


def option_text(info: str) -> str:
    """Return the options of a fence's info string, such as `title="..."`, without its language and braces."""
    if info.startswith("{") and info.endswith("}"):
        info = info[1:-1].strip()
    rest = info.split(None, 1)[1] if len(info.split(None, 1)) > 1 else ""
    return rest[1:-1] if rest.startswith("{") and rest.endswith("}") else rest


def with_frames(page: Page, html: str, site: Site, top: str) -> str:
    """Return the page's HTML with every block in its frame; `top` leads from the page to the site's root.

    Raises `BadInput` if what is rendered is not what is run.
    """
    shown = len(RENDERED.findall(html))
    if shown != len(page.blocks):
        problem = f"{shown} code blocks are rendered and {len(page.blocks)} are run"
        raise BadInput(page.path, 1, problem, "Look for a fence in an unusual place")
    frames, linked, seen = Frames(page, site, top), described(page, site.addresses), set[str]()
    blocks = iter(page.blocks)

    def framed(found: re.Match[str]) -> str:
        block = next(blocks)
        code, below = checked(page, block, found["listing"]), found["below"] or ""
        notes = numbered(page, block, found["notes"] or "") if block.notes else ""
        if fold(block):  # the same imports on every page, and strokes of a pen: nothing to search for
            code = code.replace(">", ' data-search-exclude="yes">', 1)
        code = with_links(with_numbers(code, block), linked.get(block.name, {}), seen)
        return frames.frame(block, code, notes) + ("" if notes else below)

    return LISTING.sub(framed, html)


def checked(page: Page, block: Block, listing: str) -> str:
    """Return a listing without its anchor, which goes to the frame; refuse one that is not the block as it was run."""
    anchor = f' id="block-{block.name}"'
    if anchor not in listing.split(">", 1)[0]:
        raise BadInput(page.path, block.page_line, f"block '{block.name}' is not rendered", "Mend its fence")
    if shown_code(listing) != block.code:
        problem = f"block '{block.name}' is not shown as it was run"
        raise BadInput(page.path, block.page_line, problem, "Mend its fence")
    return listing.replace(anchor, "", 1)


def numbered(page: Page, block: Block, notes: str) -> str:
    """Return the list below a block as the notes on its lines; refuse one of another length."""
    count = len(re.findall(r"<li>", notes))
    if count != len(block.notes):
        problem = f"'{block.name}' has {len(block.notes)} numbered lines, and {count} notes follow it"
        raise BadInput(page.path, block.page_line, problem, "Write as many below the fence: '1. ...', '2. ...'")
    return f'<ol class="notes">{notes}</ol>'


def with_numbers(code: str, block: Block) -> str:
    """Return highlighted code with the number of each note at the end of its line, where no copy picks it up."""
    lines = code.split("\n")
    for number, line in enumerate(block.notes, start=1):
        lines[line - 1] += f'<span class="note" data-note="{number}"></span>'
    return "\n".join(lines)


def with_wide_tables(html: str) -> str:
    """Return the HTML with each plain table in an element of its own, which scrolls where the window is narrow."""
    return re.sub(r"(<table>.*?</table>)", r'<div class="wide">\1</div>', html, flags=re.DOTALL)


def with_sizes(html: str, docs: Path) -> str:
    """Return the HTML with its size on each picture of a block that prose shows, so that no text moves later."""

    def sized(image: re.Match[str]) -> str:
        return f"{image[0]}{sides(figure_points(docs / image['path']))}"

    return re.sub(r'<img\b[^>]*? src="(?:\.\./)*(?P<path>assets/figures/[^"]+)"(?! (?:width|height))', sized, html)


def shown_code(html: str) -> str:
    """Return the text that a reader sees and copies from a rendered code block."""
    code = html[html.index("<code>") + len("<code>") : html.index("</code>")]
    return unescape(re.sub(r"<[^>]+>", "", code))
