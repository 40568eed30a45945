"""Sections have the addresses that the site gives them, and end where the next begins."""

import lxml.html
import pytest

from blocks.errors import BadInput
from blocks.read.sections import read_sections

PAGE = """\
# Title

## First, `one` & two_three

Text.

```text
## No heading
```

### Below

<!-- comment -->

## module 'torch' has no \\*

More.
"""


def test_sections(tmp_path):
    first, second = read_sections(tmp_path / "x.md", PAGE)
    assert (first.heading, first.line, first.anchor) == ("First, one & two_three", 3, "first-one-two_three")
    assert "## No heading" in first.text
    assert first.prose.split() == ["Text.", "###", "Below"]
    assert second.heading == "module 'torch' has no *"
    assert 3 not in first and 7 in first and 14 in first and 15 not in first and 17 in second


@pytest.mark.parametrize(
    "heading",
    [
        "size of `a` (4) must match, at non-singleton dimension 1",
        "Can't call numpy() on Tensor -- that requires grad",
        "No module named 'torch._C'",
        "grüße: CUDA_HOME & more",
        "version `GLIBC_2.28' not found",
        "Plain { #own-address }",
        "before Module.\\_\\_init\\_\\_() call",
    ],
)
def test_addresses_are_those_of_the_site(tmp_path, to_html, heading):
    tree = lxml.html.fromstring(to_html(tmp_path, f"# T\n\n## {heading}\n"))
    [section] = read_sections(tmp_path / "x.md", f"# T\n\n## {heading}\n")
    assert tree.xpath("//h2/@id") == [section.anchor]


def test_two_sections_with_one_address(tmp_path):
    with pytest.raises(BadInput, match=r"x\.md:3: the section on line 1 has the address #same too"):
        read_sections(tmp_path / "x.md", "## Same\n\n## `same`\n")


def test_html_in_a_heading(tmp_path):
    with pytest.raises(BadInput, match="'<l' in a heading begins HTML"):
        read_sections(tmp_path / "x.md", "## hook '<lambda>' has changed\n")
    with pytest.raises(BadInput, match="'__' in a heading begins bold text"):
        read_sections(tmp_path / "x.md", "## implement __getitem__\n")
    [section] = read_sections(tmp_path / "x.md", "## hook `<lambda>` has changed\n")
    assert section.anchor == "hook-lambda-has-changed"
