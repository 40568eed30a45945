"""Readers get the entries as lists, tools as JSON, the search as texts."""

import json

import pytest

from blocks.outputs.entries import Entry
from blocks.render.troubleshooting import as_json, in_nav_order, of_lesson, with_lists, wordings


def entry(heading, page="troubleshooting/shapes", messages=(), older=(), doing="adding tensors"):
    anchor, lesson = heading.lower().replace(" ", "-"), "tensors/views.md#strides"
    return Entry(page, "Shapes", doing, heading, anchor, 3, "block", messages, older, "Cause.", "Fix.", lesson)


ENTRIES = [
    entry("Bad size", messages=("RuntimeError: [3] is `bad`\nmore",), older=("a size is bad",)),
    entry("No <GPU>", "troubleshooting/devices", ("x" * 200,), doing="moving tensors"),
]


def test_by_doing():
    assert with_lists("<!-- errors -->\n", ENTRIES, "troubleshooting/index") == (
        "### Adding tensors\n\n- [Bad size](shapes.md#bad-size)\n\n"
        "### Moving tensors\n\n- [No &lt;GPU&gt;](devices.md#no-<gpu>)\n\n"
    )


def test_from_a_to_z():
    letters = with_lists("<!-- messages -->", ENTRIES[:1], "troubleshooting/messages")
    assert letters == (
        "## A\n\n- [`a size is bad`](shapes.md#bad-size) older\n\n"
        "## I\n\n- [`` [3] is `bad` ``](shapes.md#bad-size) RuntimeError\n"
    )


def test_long_messages_are_cut_at_a_word():
    long = [entry("Long", messages=("RuntimeError: " + "word " * 50,))]
    [line] = [line for line in with_lists("<!-- messages -->", long, "a/b").split("\n") if "`" in line]
    assert line.endswith("word ...`](../troubleshooting/shapes.md#long) RuntimeError")


def test_other_pages_stay_as_they_are():
    assert with_lists("# Title\n", ENTRIES, "a/b") == "# Title\n"


def test_lessons():
    assert of_lesson(ENTRIES, "tensors/views.md") == ENTRIES
    assert of_lesson(ENTRIES, "tensors/creating.md") == []


@pytest.mark.parametrize("nav", ["", " troubleshooting/devices.md\n troubleshooting/shapes.md"])
def test_order_of_the_nav(tmp_path, nav):
    config = tmp_path / "mkdocs.yml"
    config.write_text(nav)
    assert [e.page for e in in_nav_order(ENTRIES, config)] == ["troubleshooting/devices", "troubleshooting/shapes"]
    config.write_text(" troubleshooting/shapes.md\n troubleshooting/devices.md")
    assert in_nav_order(ENTRIES, config) == ENTRIES


def test_what_the_search_knows():
    assert wordings(ENTRIES[0]) == ["RuntimeError: [3] is `bad`\nmore", "a size is bad", "Bad size"]


def test_json():
    made = json.loads(as_json(ENTRIES, "2.15", lambda path, anchor: f"https://x.org/{path}{anchor}"))
    assert made["torch"] == "2.15"
    assert made["entries"][0] == {
        "title": "Bad size",
        "messages": ["RuntimeError: [3] is `bad`\nmore"],
        "older": ["a size is bad"],
        "doing": "adding tensors",
        "cause": "Cause.",
        "fix": "Fix.",
        "url": "https://x.org/troubleshooting/shapes.md#bad-size",
        "lesson": "https://x.org/tensors/views.md#strides",
    }
