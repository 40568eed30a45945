"""What a reader sees around each block: the page's HTML with every block's output and picture below its code."""

import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from blocks.errors import BadInput, read_text
from blocks.fences import read_fences
from blocks.figure_files import figure_path
from blocks.outputs import read_outputs
from blocks.page import Block, Page

OPENING = re.compile(
    r"(?P<head>^.*?(?:`{3,}|~{3,}))[ \t]*\{?[ \t]*\.?(?P<language>[\w+-]+)(?P<options>[^}\n]*)\}?[ \t]*$"
)
CODE_END = "</code></pre></div>"
RENDERED = re.compile(r'<div(?= [^>]*class="language-(?:python|bash|shell|sh|zsh)[^"]* highlight")[^>]*>')
SIZE = re.compile(r'<svg[^>]* height="(?P<height>[\d.]+)pt"[^>]* width="(?P<width>[\d.]+)pt"|<svg[^>]*>')


def with_anchors(page: Page, markdown: str) -> str:
    """Return the page's Markdown with every block's fence carrying the anchor `block-NAME`."""
    lines = markdown.split("\n")
    shift = read_text(page.path).count("\n") + 1 - len(lines)  # front matter is gone from what MkDocs hands over
    fences = [fence for fence in read_fences(page.path, markdown) if fence.kind]
    for fence, block in zip(fences, page.blocks, strict=True):
        opening = OPENING.match(lines[fence.line - 1])
        if not opening:
            raise BadInput(page.path, fence.line + shift, "cannot read the fence's first line", "Write ```python")
        anchor = f"{opening['head']} {{.{fence.kind} #block-{block.name}{opening['options']}}}"
        lines[fence.line - 1] = anchor
    return "\n".join(lines)


def with_results(page: Page, html: str, root: Path, url: Callable[[str], str]) -> str:
    """Return the page's HTML with results below each block; raise `BadInput` if a block is missing or not counted."""
    shown = len(RENDERED.findall(html))
    if shown != len(page.blocks):
        problem = f"{shown} code blocks are rendered and {len(page.blocks)} are run"
        raise BadInput(page.path, 1, problem, "Look for a fence in an unusual place")
    outputs = read_outputs(page.snippet)
    for block in page.blocks:
        start = html.find(f'id="block-{block.name}"')
        end = html.find(CODE_END, start) + len(CODE_END)
        if start < 0 or end < len(CODE_END):
            raise BadInput(page.path, block.page_line, f"block '{block.name}' is not rendered", "Mend its fence")
        html = html[:end] + picture(page, block, root, url) + output(outputs.get(block.name, "")) + html[end:]
    return html


def output(text: str) -> str:
    """Return the element that shows what a block printed, or nothing."""
    if not text:
        return ""
    return (
        '<div class="output"><span class="output-label">Output</span>'
        f"<pre><samp>{escape(text.rstrip(chr(10)), quote=False)}</samp></pre></div>"
    )


def picture(page: Page, block: Block, root: Path, url: Callable[[str], str]) -> str:
    """Return the element that shows what a block drew, or nothing."""
    mark, path = block.mark("figure"), figure_path(page, block, root)
    if mark is None or not path.exists():
        return ""
    size = SIZE.search(path.read_text("utf-8"))
    width, height = (round(float(size[side] or 0) * 4 / 3) for side in ("width", "height")) if size else (0, 0)
    source, alt = url(path.relative_to(root / "docs").as_posix()), escape(mark.kwargs["alt"])
    return f'<img class="figure" src="{source}" alt="{alt}" width="{width}" height="{height}" loading="lazy">'
