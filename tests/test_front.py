"""Front matter is read as YAML, and a page may name packages there."""

from pathlib import Path

import pytest

from blocks.errors import BadInput
from blocks.read.front import front_matter, names, without_front

PAGE = Path("docs/page.md")


def listed(text):
    return names(PAGE, front_matter(PAGE, text), "packages")


def test_names_and_values():
    assert front_matter(PAGE, "---\ntitle: x\nlearn:\n  - a\n---\n\n# X\n") == {"title": "x", "learn": ["a"]}
    assert front_matter(PAGE, "# X\n\n---\na: b\n---\n") == {}


def test_that_of_a_tutorial_is_a_comment():
    text = "# ---\n# learn:\n#   - a\n#   - '# b'\n# ---\n\n# %% only\n# ---\n"
    assert front_matter(PAGE, text) == {"learn": ["a", "# b"]}
    assert without_front(text) == "# %% only\n# ---\n"


def test_packages():
    assert listed("---\npackages: [onnx, onnxruntime]\n---\n") == ("onnx", "onnxruntime")
    assert listed("# X\n") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("---\na: b\nc: d: e\n---\n", "docs/page.md:3: the front matter is no YAML"),
        ("# ---\n# a: b\n# c: d: e\n# ---\n", "docs/page.md:3: the front matter is no YAML"),
        ("---\njust words\n---\n", "docs/page.md:1: the front matter names nothing"),
        ("---\npackages: onnx\n---\n", "docs/page.md:1: 'packages' in the front matter is no list of names"),
    ],
)
def test_what_is_refused(text, problem):
    with pytest.raises(BadInput) as caught:
        listed(text)
    assert str(caught.value).startswith(problem)
