"""Every fence that Material renders as code is counted once, with its marks, and nothing else is."""

import re
from textwrap import indent

import lxml.html
import pytest

from blocks.errors import BadInput
from blocks.read.fences import language, read_fences
from blocks.read.page import read_page
from blocks.render.html import with_code

CODE = 'if 1 < 2:\n    print("a & b")\n'
INCLUDE = '--8<-- "tensors/sample.py:only"'
PLAIN = f"```python\n{INCLUDE}\n```"
INFO = [
    *("python", " python", "python ", "Python", "py", "py3", "python3", "pycon", ".python"),
    *("{.python}", "{ .python }", "{python}", "{.python .annotate}", "python {.annotate}"),
    *('python title="a b.py"', "python title='x'", '{.python title="x.py"}', 'python title="x" hl_lines="1"'),
    *('python hl_lines="1 2"', '{.python hl_lines="1"}', 'python title="dict {}"'),
]
PLACES = {
    "four backticks": f"````python\n{INCLUDE}\n````",
    "tildes": f"~~~python\n{INCLUDE}\n~~~",
    "no blank line": f"text\n{PLAIN}\ntext",
    "one space": indent(PLAIN, " "),
    "admonition": "!!! note\n\n" + indent(PLAIN, "    "),
    "folded": '??? success "Solution"\n    Text.\n\n' + indent(PLAIN, "    "),
    "tab": '=== "A"\n\n' + indent(PLAIN, "    ") + '\n\n=== "B"\n\n    Text.',
    "list": "- item\n\n" + indent(PLAIN, "    "),
    "tight list": "- item\n" + indent(PLAIN, "    "),
    "list by tabs": "- item\n\n" + indent(PLAIN, "\t"),
    "numbered list": "1. item\n\n" + indent(PLAIN, "    "),
    "admonition in list": "- item\n\n    !!! note\n\n" + indent(PLAIN, " " * 8),
    "quote": indent(PLAIN, "> "),
    "tight quote": indent(PLAIN, ">"),
    "nested quote": indent(PLAIN, "> > "),
    "quote in admonition": "!!! note\n\n" + indent(PLAIN, "    > "),
    "list in quote": indent("- item\n\n" + indent(PLAIN, "    "), "> ", lambda line: True),
    "html": f"<div markdown>\n\n{PLAIN}\n\n</div>",
    "definition": "term\n:   meaning\n\n" + indent(PLAIN, "    "),
    "after front matter": f"---\ntitle: x\n---\n\n{PLAIN}",
    "blank after the include": f"```python\n{INCLUDE} \n```",
}
PAGES = PLACES | {f"```{info}": f"```{info}\n{INCLUDE}\n```" for info in INFO}
HIDDEN = {
    "a fence shown in a longer fence": "````text\n```python\nx = 1\n```\n````",
    "a fence shown in tildes": "~~~text\n```python\nx = 1\n```\n~~~",
    "text": "```text\nx = 1\n```",
    "no language": "```\nx = 1\n```",
    "console": "```console\n$ python x.py\n```",
    "yaml": "```yaml\npython: 3\n```",
    "inline": "Write `x = 1` or ``` x ``` here.",
}


def code_shown(html: str) -> list[str]:
    """Return the text of every code element that is highlighted as Python or shell."""
    nodes = lxml.html.fromstring(f"<main>{html}</main>").iterfind(".//div[@class]")
    code = [node for node in nodes if re.match(r"language-(python|bash)\b", node.get("class"))]
    return [node.find(".//code").text_content() for node in code]


@pytest.mark.parametrize("markdown", PAGES.values(), ids=PAGES)
def test_spelling_is_run_and_rendered_alike(project, to_html, markdown):
    project.snippet({"only": CODE})
    page = read_page(project.write("docs/tensors/sample.md", f"# Sample\n\n{markdown}\n"), project.root)
    assert [block.code for block in page.blocks] == [CODE]
    text = page.path.read_text().removeprefix("---\ntitle: x\n---\n")
    assert code_shown(to_html(project.root, with_code(page, text))) == [CODE]
    assert 'id="block-only"' in to_html(project.root, with_code(page, text))


@pytest.mark.parametrize("markdown", HIDDEN.values(), ids=HIDDEN)
def test_text_is_neither_run_nor_rendered_as_code(project, to_html, markdown):
    project.snippet({"only": CODE})
    path = project.write("docs/tensors/other.md", f"# Sample\n\n{markdown}\n")
    assert read_page(path, project.root).blocks == ()
    assert code_shown(to_html(project.root, path.read_text())) == []


@pytest.mark.parametrize("info", ["bash", "sh", "shell", "zsh", "Bash", "{.bash}", 'sh title="x"'])
def test_shell_spelling_is_run_and_rendered_alike(project, to_html, info):
    page = read_page(project.write("docs/shell.md", f"```{info}\ntrue\n```\n"), project.root)
    assert [block.code for block in page.blocks] == ["true\n"]
    assert code_shown(to_html(project.root, with_code(page, page.path.read_text()))) == ["true\n"]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("python", "python py python3 py3 pyi pycon python-console ipython"),
        ("bash", "bash sh ksh zsh shell"),
        ("", "text console pytb yaml toml json c++"),
    ],
)
def test_names_that_are_highlighted_as_code(kind, names):
    assert {name: language(name) for name in names.split()} == dict.fromkeys(names.split(), kind)


def test_lines_and_prefix(project):
    text = f"# Sample\n\n> ```text\n> a\n>   b\n> ```\n\n{PLAIN}\n"
    first, second = read_fences(project.root, text)
    assert (first.line, first.end, first.prefix, first.kind, first.text) == (3, 6, "> ", "", "a\n  b\n")
    assert (second.line, second.end, second.prefix, second.kind, second.text) == (8, 10, "", "python", INCLUDE + "\n")


def test_only_a_line_end_ends_a_line(project):
    """MkDocs counts lines so; another count puts anchors on the wrong line."""
    [fence] = read_fences(project.root, f"One\u2028line\x0chere\n\n{PLAIN}\n")
    assert fence.line == 3


COMMENT = "<!--pytest.mark.network-->"
MARKED = {
    "right above": f"{COMMENT}\n{PLAIN}",
    "with a blank line": f"{COMMENT}\n\n{PLAIN}",
    "with spaces": f"<!-- pytest.mark.network -->\n{PLAIN}",
    "in an admonition": "!!! note\n\n" + indent(f"{COMMENT}\n\n{PLAIN}", "    "),
    "in a quote": indent(f"{COMMENT}\n\n{PLAIN}", "> "),
}


@pytest.mark.parametrize("markdown", MARKED.values(), ids=MARKED)
def test_marks_belong_to_the_next_fence(project, markdown):
    marked, other = read_fences(project.root, f"{markdown}\n\nText.\n\n{PLAIN}\n")
    assert [mark.name for mark in marked.marks] == ["network"]
    assert other.marks == ()


def test_several_marks(project):
    [fence] = read_fences(project.root, f"{COMMENT}\n<!--pytest.mark.varies(reason='time')-->\n{PLAIN}\n")
    assert [mark.name for mark in fence.marks] == ["network", "varies"]


def test_comment_that_is_shown_marks_nothing(project):
    shown, plain = read_fences(project.root, f"```text\n{COMMENT}\n```\n\n{PLAIN}\n")
    assert (shown.marks, plain.marks) == ((), ())


def test_bad_mark_is_reported_on_its_own_line(project):
    text = f"{COMMENT}\n{PLAIN}\n\n{COMMENT}\n<!--pytest.mark.skip-->\n\n{PLAIN}\n"
    with pytest.raises(BadInput, match=":7: mark 'skip' without reason"):
        read_fences(project.root, text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("```python\nx\n", 1),
        ("text\n\n~~~python\nx\n```\n", 3),
        (f"{PLAIN}\n\n````python\nx\n```\n", 5),
        ("> ```python\n> x\n", 1),
        ("!!! note\n\n    ```python\n    x\n", 3),
    ],
)
def test_fence_that_is_not_closed(project, text, line):
    with pytest.raises(BadInput, match=f":{line}: fence .* is not closed"):
        read_fences(project.root, text)
