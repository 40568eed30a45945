"""Markers at the end of lines are for readers: what runs, is shown and is copied does without them."""

from pathlib import Path

import lxml.html
import pytest

from blocks.errors import BadInput
from blocks.read.page import read_page
from blocks.read.pointers import without_pointers
from blocks.render.block_bar import Site
from blocks.render.html import with_code, with_frames
from blocks.render.script import program

CODE = "a = 1  # [!]\nb = 2  # shape ()  # (2)!\nc = 'x'  # [!] (1)!\nd = '# [!] no'\n"
PLAIN = "a = 1\nb = 2  # shape ()\nc = 'x'\nd = '# [!] no'\n"


def test_markers_are_taken_off():
    assert without_pointers(Path("x.py"), 1, CODE) == (PLAIN, (1, 3), (3, 2))
    assert without_pointers(Path("x.py"), 1, PLAIN) == (PLAIN, (), ())


@pytest.fixture
def page(project):
    """Return what makes a page of this block with this text below it."""

    def page(code, below=""):
        made = project.page(only=code)
        made.path.write_text(made.path.read_text() + below)
        return read_page(made.path, project.root)

    return page


def html(page, project, to_html):
    made = to_html(project.root, with_code(page, page.path.read_text()))
    return lxml.html.fromstring(f"<div>{with_frames(page, made, Site(project.root, (), ''), '')}</div>")


def test_lines_light_up_and_notes_stand_in_the_frame(page, project, to_html):
    tree = html(page(CODE, "\n1. The `first`.\n2. The second.\n\nText.\n"), project, to_html)
    frame = tree.get_element_by_id("block-only")
    assert frame.find(".//pre/code").text_content() == PLAIN
    assert [line.text_content() for line in frame.find_class("hll")] == ["a = 1\n", "c = 'x'\n"]
    notes = {
        note.get("data-note"): note.xpath("string(preceding::span[@class='n'][1])") for note in frame.find_class("note")
    }
    assert notes == {"2": "b", "1": "c"}
    assert [item.text_content() for item in frame.xpath("ol[@class='notes']/li")] == ["The first.", "The second."]
    assert tree.xpath("p/text()") == ["Text."]


def test_a_list_below_a_block_without_numbers_stays_where_it_is(page, project, to_html):
    tree = html(page("a = 1", "\n1. A step.\n"), project, to_html)
    assert tree.xpath("ol/li/text()") == ["A step."] and not tree.xpath("//div[@class='block']//ol")


def test_notes_and_numbers_must_match(page, project, to_html):
    with pytest.raises(BadInput, match="2 numbered lines, and 1 notes"):
        html(page(CODE, "\n1. Alone.\n"), project, to_html)
    with pytest.raises(BadInput, match="are \\[1, 3\\]"):
        page("a = 1  # (1)!\nb = 2  # (3)!\n")


def test_the_script_has_none(page):
    assert "[!]" not in program(page("a = 1  # [!]\nb = 2  # (1)!\n"))
