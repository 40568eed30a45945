"""A page as Markdown keeps its links, its pictures and the comments that are code."""

import pytest

from blocks.render.prose import clean, with_links


@pytest.mark.parametrize(
    ("text", "absolute"),
    [
        ("[a](x.md)", "[a](<x.md>)"),
        ("[a](../b/x.md#top)", "[a](<../b/x.md#top>)"),
        ('[a](x.md "Title")', '[a](<x.md> "Title")'),
        ("[a](x.md 'Title')", "[a](<x.md> 'Title')"),
        ("[a][b]\n\n[b]: x.md", "[a][b]\n\n[b]: <x.md>"),
        ('[b]: x.md#top "Title"', '[b]: <x.md#top> "Title"'),
        ("![a](../assets/x.svg)", "![a](<assets/x.svg>)"),
        ("[a](https://x.org/y.md)", "[a](https://x.org/y.md)"),
        ("[a](#top)", "[a](#top)"),
        ("[b]: https://x.org/y.md", "[b]: https://x.org/y.md"),
    ],
)
def test_links(text, absolute):
    assert with_links(text, lambda path, anchor: f"<{path}{anchor}>") == absolute


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a <!-- b -->\nc", "ac"),
        ("<!--\nb\n-->\nc", "c"),
        ("Write `<!--b-->` so.", "Write `<!--b-->` so."),
        ("```html\n<!-- b -->\n```\n<!-- c -->\n", "```html\n<!-- b -->\n```\n"),
        ("    ~~~text\n    <!-- b -->\n    ~~~\n", "    ~~~text\n    <!-- b -->\n    ~~~\n"),
        ("---\ntitle: x\n---\n\n# A\n", "# A\n"),
    ],
)
def test_comments(text, left):
    assert clean(text) == left
