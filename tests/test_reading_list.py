"""The boxes of the test in Learning paths bring up their own pages, and no other ones."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "introduction/learning-paths.md").read_text("utf-8")
STYLE = (DOCS / "assets/css/site.css").read_text("utf-8")
QUESTION = re.compile(r'^\*\*(\d+)\.\*\*.*?id="list-([\w-]+)".*?put \*(.+?)\* on my list', re.MULTILINE | re.DOTALL)
ITEM = re.compile(r"^(\d+)\. \[(.+?)\]\([^)]*?([\w-]+)\.md\), .*>(\d+) minutes</span> \(question (\d+)\)", re.MULTILINE)
MINUTES = re.compile(r"\]\([^)]*?([\w-]+)\.md\) (\d+)(?= )")


def test_each_box_brings_its_page():
    items = ITEM.findall(PAGE)
    asked = {(number, key, title) for number, key, title in QUESTION.findall(PAGE)}
    assert asked == {(question, key, title) for _, title, key, _, question in items}
    shown = re.findall(r"#list-([\w-]+):checked\)\) #your-reading-list ~ ol > li:nth-child\((\d+)\)", STYLE)
    assert shown == [(key, place) for place, _, key, _, _ in items]


def test_minutes_are_those_of_the_map():
    known = dict(MINUTES.findall(PAGE.partition("## Routes by goal")[0]))
    items = ITEM.findall(PAGE)
    assert {key: minutes for _, _, key, minutes, _ in items} == {key: known[key] for _, _, key, _, _ in items}
    assert [minutes for _, _, _, minutes, _ in items] == re.findall(r"counter-increment: minutes (\d+)", PAGE)
