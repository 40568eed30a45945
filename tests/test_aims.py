"""What the front matter says of a page stands at its top and before "Next", as Markdown, and in a tutorial as HTML."""

from pathlib import Path

import lxml.html
import pytest

from blocks.errors import BadInput
from blocks.render.aims import BOLD, with_aims, with_aims_in_html

PAGE = Path("docs/x.md")
TEXT = "# Title\n\nText.\n\n## Task\n\nMore.\n\n## Next\n\n- [Link](x.md)\n"


def test_both_lists_in_their_places(to_html, tmp_path):
    meta = {"learn": [{"call": "`f`"}, "draw\n  $x$"], "recap": ["It was *it*."]}
    tree = lxml.html.fromstring(f"<div>{to_html(tmp_path, with_aims(PAGE, TEXT, meta))}</div>")
    assert [child.get("class") or child.get("id") for child in tree] == [
        "title",
        "learn",
        None,
        "task",
        None,
        "recap",
        "next",
        None,
    ]
    assert [item.text_content() for item in tree.xpath("//div[@class='learn']//li")] == ["call: f", "draw \\(x\\)"]
    assert tree.xpath("//div[@class='recap']//em/text()") == ["it"]


def test_recap_ends_a_page_without_next():
    assert with_aims(PAGE, "# Title\n\nText.\n", {"recap": "So. And so."}).endswith("\n\nSo. And so.\n\n</div>\n\n")


def test_bold_titles_where_there_is_no_style_sheet():
    shown = with_aims(PAGE, TEXT, {"learn": ["draw"], "recap": "So."}, BOLD)
    assert shown.startswith("# Title\n\n**You will learn to**\n\n- draw\n\nText.")
    assert "More.\n\n**Recap**\n\nSo.\n\n## Next" in shown


@pytest.mark.parametrize("heading", ["next", "where-to-go-next", ""])
def test_aims_of_a_tutorial(heading):
    end = f'<h2 id="{heading}">Next</h2>' if heading else ""
    shown = with_aims_in_html(PAGE, f"<h1>T</h1><p>x</p>{end}", {"learn": ["Draw `x`"], "recap": r"So \1."})
    tree = lxml.html.fromstring(f"<div>{shown}</div>")
    assert [child.tag for child in tree] == ["h1", "div", "p", "div"] + ["h2"] * bool(heading)
    assert tree.xpath("//div[@class='learn']/p[@class='aims-title']/text()") == ["You will learn to"]
    assert tree.xpath("//li//code/text()") == ["x"]
    assert tree.xpath("//div[@class='recap']/p[2]/text()") == [r"So \1."]


def test_a_page_without_them_stays_as_it_is():
    assert with_aims(PAGE, TEXT, {"description": "x"}) == TEXT


@pytest.mark.parametrize("points", [1, [], [1], [""], "", {"a": 1}, [{"a": 1, "b": 2}]])
def test_what_is_no_list_of_phrases_is_refused(points):
    with pytest.raises(BadInput, match="'learn' in the front matter"):
        with_aims(PAGE, TEXT, {"learn": points})
