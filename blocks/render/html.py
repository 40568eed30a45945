"""A page's Markdown and HTML with every block in its frame, and the count that proves none is missing."""

import re
from html import unescape

from blocks.errors import BadInput, read_text, split_lines
from blocks.read.fences import read_fences
from blocks.read.page import Block, Page
from blocks.read.tutorial import is_tutorial
from blocks.record.outputs import read_outputs
from blocks.render.frame import UNSEARCHED, Site, bar, output, picture, references

CODE_END = "</code></pre></div>"
RENDERED = re.compile(r'<div(?= [^>]*class="language-(?:python|bash|shell|sh|zsh)[^"]* highlight")[^>]*>')


def with_code(page: Page, markdown: str) -> str:
    """Return the page's Markdown with every block's code in its fence, under the anchor `block-NAME`."""
    if is_tutorial(page.path):
        return markdown
    lines, whole = split_lines(markdown), read_text(page.path)
    known = whole if whole.endswith(markdown) else markdown  # without its front matter: its fences have been read
    above = known.count("\n") - markdown.count("\n")
    fences = [fence for fence in read_fences(page.path, known) if fence.kind]
    for fence, block in reversed(list(zip(fences, page.blocks, strict=True))):
        ticks = "`" * (3 + max((len(run) for run in re.findall("`+", block.code)), default=0))
        head = f"{fence.prefix}{ticks} {{.{fence.kind} #block-{block.name} {option_text(fence.info)}}}"
        code = [f"{fence.prefix}{line}" for line in split_lines(block.code)]
        lines[fence.line - 1 - above : fence.end - above] = [head, *code, f"{fence.prefix}{ticks}"]
    return "\n".join(lines)


def option_text(info: str) -> str:
    """Return the options of a fence's info string, such as `title="..."`, without its language and braces."""
    if info.startswith("{") and info.endswith("}"):
        info = info[1:-1].strip()
    rest = info.split(None, 1)[1] if len(info.split(None, 1)) > 1 else ""
    return rest[1:-1] if rest.startswith("{") and rest.endswith("}") else rest


def with_results(page: Page, html: str, site: Site, top: str) -> str:
    """Return the page's HTML with what came of each block below it; `top` leads from the page to the site's root.

    Raises `BadInput` if what is rendered is not what is run.
    """
    shown = len(RENDERED.findall(html))
    if shown != len(page.blocks):
        problem = f"{shown} code blocks are rendered and {len(page.blocks)} are run"
        raise BadInput(page.path, 1, problem, "Look for a fence in an unusual place")
    outputs = read_outputs(page.snippet)
    for block, linked in zip(page.blocks, references(page, site), strict=True):
        at = html.find(f' id="block-{block.name}"')
        start, end = html.rfind("<div", 0, at), html.find(CODE_END, at) + len(CODE_END)
        if at < 0 or end < len(CODE_END):
            raise BadInput(page.path, block.page_line, f"block '{block.name}' is not rendered", "Mend its fence")
        code = html[start:end].replace(f' id="block-{block.name}"', "", 1)
        if shown_code(code) != block.code:
            raise BadInput(
                page.path, block.page_line, f"block '{block.name}' is not shown as it was run", "Mend its fence"
            )
        if block.name == "setup" or block.mark("figure"):  # the same imports on every page, and strokes of a pen
            code, linked = (part.replace(">", f"{UNSEARCHED}>", 1) for part in (code, linked))
        parts = code, picture(page, block, site.root, top), output(outputs.get(block.name, "")), linked
        html = f"{html[:start]}{opening(block)}{''.join(parts)}</div>{html[end:]}"
    return html


def opening(block: Block) -> str:
    """Return the tag that opens a block's frame."""
    return f'<div class="block" id="block-{block.name}">'


def with_bars(page: Page, html: str, site: Site, top: str) -> str:
    """Return the HTML with a bar on top of each block: what no search needs to find."""
    for block in page.blocks:
        html = html.replace(opening(block), opening(block) + bar(page, block, site, top), 1)
    return html


def with_wide_tables(html: str) -> str:
    """Return the HTML with each plain table in an element of its own, which scrolls where the window is narrow."""
    return re.sub(r"(<table>.*?</table>)", r'<div class="wide">\1</div>', html, flags=re.DOTALL)


def shown_code(html: str) -> str:
    """Return the text that a reader sees and copies from a rendered code block."""
    code = html[html.index("<code>") + len("<code>") : html.index("</code>")]
    return unescape(re.sub(r"<[^>]+>", "", code))
