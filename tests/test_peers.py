"""What pytest-codeblocks documents works here too, or is refused in favour of what CONTRIBUTING.md says instead."""

import pytest

from blocks.errors import BadInput
from blocks.read.fences import read_fences

PLAIN = "```python\nx = 1\n```\n"
REPLACED = ["cont", "skipfile", "importorskip(sympy)", "expected-output", "expected-output-ignore-whitespace", "skip"]


@pytest.mark.parametrize("comment", REPLACED)
def test_comment_that_is_replaced_is_refused_by_its_line(project, comment):
    with pytest.raises(BadInput, match=r":5: comment 'pytest-codeblocks:.*' has no meaning here"):
        read_fences(project.root, f"{PLAIN}\n<!--pytest-codeblocks:{comment}-->\n\n{PLAIN}")


def test_marks_are_read_from_comments(project):
    condition = "<!--pytest.mark.skipif(sys.version_info <= (3, 7), reason='old', until='permanent')-->"
    [fence] = read_fences(project.root, f"{condition}\n\n{PLAIN}")
    assert (fence.marks[0].name, fence.marks[0].args) == ("skipif", (False,))


def test_nested_backticks_are_text(project):
    [fence] = read_fences(project.root, f"````text\n{PLAIN}````\n")
    assert (fence.kind, fence.text) == ("", PLAIN)
