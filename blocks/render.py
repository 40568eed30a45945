"""A page's Markdown and HTML with every block in its frame, and the count that proves none is missing."""

import re

from blocks.errors import BadInput, read_text
from blocks.fences import read_fences
from blocks.frame import Site, bar, output, picture
from blocks.outputs import read_outputs
from blocks.page import Page
from blocks.tutorial import is_tutorial

OPENING = re.compile(
    r"(?P<head>^.*?(?:`{3,}|~{3,}))[ \t]*\{?[ \t]*\.?(?P<language>[\w+-]+)(?P<options>[^}\n]*)\}?[ \t]*$"
)
CODE_END = "</code></pre></div>"
RENDERED = re.compile(r'<div(?= [^>]*class="language-(?:python|bash|shell|sh|zsh)[^"]* highlight")[^>]*>')


def with_anchors(page: Page, markdown: str) -> str:
    """Return the page's Markdown with every block's fence carrying the anchor `block-NAME`."""
    if is_tutorial(page.path):
        return markdown
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


def with_results(page: Page, html: str, site: Site, top: str) -> str:
    """Return the page's HTML with every block in its frame; `top` leads from the page to the site's root.

    Raises `BadInput` if what is rendered is not what is run.
    """
    shown = len(RENDERED.findall(html))
    if shown != len(page.blocks):
        problem = f"{shown} code blocks are rendered and {len(page.blocks)} are run"
        raise BadInput(page.path, 1, problem, "Look for a fence in an unusual place")
    outputs = read_outputs(page.snippet)
    for block in page.blocks:
        at = html.find(f' id="block-{block.name}"')
        start, end = html.rfind("<div", 0, at), html.find(CODE_END, at) + len(CODE_END)
        if at < 0 or end < len(CODE_END):
            raise BadInput(page.path, block.page_line, f"block '{block.name}' is not rendered", "Mend its fence")
        code = html[start:end].replace(f' id="block-{block.name}"', "", 1)
        parts = bar(page, block, site, top), code, picture(page, block, site.root, top)
        shell = "".join(parts) + output(outputs.get(block.name, ""))
        html = f'{html[:start]}<div class="block" id="block-{block.name}">{shell}</div>{html[end:]}'
    return html
