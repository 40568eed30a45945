"""Any text is read as blocks or refused in one line: never another exception, never a fence lost, never other code."""

import ast
import re
from textwrap import indent

import lxml.html
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from pygments.lexers import get_all_lexers

from blocks.errors import BadInput
from blocks.read.fences import read_fences
from blocks.read.marks import read_mark
from blocks.read.page import read_page
from blocks.read.regions import read_regions
from blocks.render.html import shown_code, with_code
from tests.conftest import fence

shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
FAMILIES = ("Python", "IPython", "NumPy", "Bash")
NOT_RUN = {"bazel", "starlark", "openrc"}
CODE_NAMES = {
    alias
    for name, aliases, _, _ in get_all_lexers()
    for alias in aliases
    if name.startswith(FAMILIES) and not name.endswith(("Traceback", "Session"))
} - NOT_RUN

HOLDERS = {
    "": "",
    "- item\n\n": "    ",
    "- item\n": "  ",
    "1. item\n\n": "    ",
    "- a\n\n    - b\n\n": "        ",
    "!!! note\n\n": "    ",
    '=== "A"\n\n': "    ",
    "term\n:   meaning\n\n": "    ",
    "text\n": "> ",
    "- item\n\n ": "\t",
    "!!! note\n": "    > ",
    "> - a\n>\n": ">     ",
    "- > a\n": "  > ",
    "<div markdown>\n\n": "",
    "<pre>\n": "",
    "<!--\n": "",
    "`\n": "",
    "text\n\n": "    ",
    "<!--pytest.mark.network-->\n": "",
}
INFO = [
    *("python", "py", "bash", "text", "", " python", "Python", "python2", "ipython3", "numpy", ".python", "console"),
    *('python title="x y"', "python hl_lines='1'", "python x", "{.python}", "{ .python #id }", "{#id .python}"),
    *("{title='x' .python}", "{.a .python}", "python {.a}", "{.python}{.a}", "{.python", "python title='`'", "python,"),
    *("python\u00a0", "\tpython", 'title="x" python', "pycon", "zsh", "..python", "{python}"),
]
BODY = ["x = 1", "", "    y", "```", "~~~", "> x", "<!-- x -->", "``` x", "x `` y", "\u00a0", "# --8<-- [start:x]"]
NOISE = ["", " ", "    ", "\t", "> ", "`", "\u00a0", "\u2028", "\x0c", "\x85", "-->", "<!--", "text\n", "\ufeff"]


@st.composite
def pieces(draw) -> str:
    """A fence in some place, as it should be or with one line spoilt."""
    before = draw(st.sampled_from(list(HOLDERS)))
    ticks, info = draw(st.sampled_from(["```", "````", "~~~"])), draw(st.sampled_from(INFO))
    body = draw(st.lists(st.sampled_from(BODY), max_size=3))
    lines = indent("\n".join([ticks + info, *body, ticks]), HOLDERS[before], lambda line: True).split("\n")
    spoilt = draw(st.integers(-2 * len(lines), len(lines) - 1))
    if spoilt >= 0:
        noise = draw(st.sampled_from(NOISE))
        line = lines[spoilt]
        lines[spoilt] = draw(st.sampled_from([noise + line, line + noise, noise + line.lstrip(" >\t"), noise]))
    return before + "\n".join(lines) + draw(st.sampled_from(["\n", "\n\n", "\n\ntext\n\n"]))


def code_rendered(html: str) -> list[str]:
    """Return the text of everything that is highlighted as Python or shell code."""
    nodes = lxml.html.fromstring(f"<main>{html}</main>").iterfind(".//div[@class]")
    code = [node for node in nodes if node.get("class").split()[0].lower().removeprefix("language-") in CODE_NAMES]
    return [node.find(".//code").text_content() for node in code]


@given(text=st.lists(pieces(), min_size=1, max_size=3).map("".join))
@shared_folder
def test_every_fence_that_the_site_renders_as_code_is_counted(tmp_path, to_html, text):
    try:
        fences = [fence for fence in read_fences(tmp_path, text) if fence.kind]
    except BadInput:
        event("refused")
        return
    rendered = [re.sub(r"\s", "", code) for code in code_rendered(to_html(tmp_path, text))]
    counted = [re.sub(r"\s", "", fence.text) for fence in fences]
    event(f"{len(rendered)} rendered, {len(counted)} counted")
    for code in rendered:
        assert code in counted
        counted.remove(code)


@given(page=st.text(), snippet=st.text())
@shared_folder
def test_any_text_is_a_page_or_one_clear_error(tmp_path, page, snippet):
    (tmp_path / "docs").mkdir(exist_ok=True)
    (tmp_path / "snippets").mkdir(exist_ok=True)
    (tmp_path / "docs/x.md").write_bytes(page.encode("utf-8", "surrogatepass"))
    (tmp_path / "snippets/x.py").write_bytes(snippet.encode("utf-8", "surrogatepass"))
    try:
        read_page(tmp_path / "docs/x.md", tmp_path)
    except BadInput as error:
        assert re.fullmatch(r"[^\n]+:\d+: [^\n]+\.", str(error))


ONE_LINE = st.text(st.characters(exclude_characters="\n"))


@given(text=st.one_of(ONE_LINE, st.from_regex(r"pytest\.mark\.[a-z]{1,8}(\([^)\n]{0,20}\))?", fullmatch=True)))
def test_any_comment_is_a_mark_or_one_clear_error(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "page.md"
    try:
        read_mark(text, path, 1)
    except BadInput as error:
        assert "\n" not in str(error)


MARKERS = [f"# --8<-- [{kind}:{name}]" for kind in ("start", "end") for name in ("make-rows", "print-rows", "x")]


@given(lines=st.lists(st.sampled_from([*MARKERS, "x = 1", "", "# --8<-- [start: make-rows ]", "#--8<-- [end:x]"])))
@shared_folder
def test_regions_are_the_lines_between_their_markers_or_refused(tmp_path, lines):
    path = tmp_path / "snippet.py"
    path.write_text("\n".join(lines))
    try:
        regions = read_regions(path)
    except BadInput:
        event("refused")
        return
    assert sum("8<" in line for line in lines) == 2 * len(regions)
    for region in regions.values():
        assert region.text.splitlines() == lines[region.line - 1 : region.line - 1 + region.text.count("\n")]


SYMBOLS = " \t#'\"`\\<>&xy=1()[]{}:%\x0c\r\x02\x03\u2028\u00a0"
WORDS = st.one_of(ONE_LINE, st.text(SYMBOLS))
LINES = st.one_of(
    WORDS.map("# {}".format),
    WORDS.map("x = {!r}".format),
    st.lists(WORDS).map("\n".join).map('"""{}"""'.format),
    st.sampled_from(["", "if x:\n    y = 1\n", "def f():\n\n    return 1", "    ", "x = [\n  1,\n]"]),
    st.sampled_from(["# ```", '"""\n```\n"""', '"""\n~~~python\n"""']),
)


@pytest.mark.filterwarnings("ignore:.*invalid escape sequence")
@given(code=st.lists(LINES).map("\n".join))
@shared_folder
def test_code_is_shown_as_it_is_run_or_refused(tmp_path, to_html, code):
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, UnicodeEncodeError):
        assume(False)
    for name in ("docs", "snippets"):
        (tmp_path / name).mkdir(exist_ok=True)
    snippet = f"# --8<-- [start:only]\n{code}\n# --8<-- [end:only]\n"
    (tmp_path / "snippets/x.py").write_bytes(snippet.encode())
    (tmp_path / "docs/x.md").write_text(fence("only", "x"))
    try:
        page = read_page(tmp_path / "docs/x.md", tmp_path)
    except BadInput:
        event("refused")
        return
    assert shown_code(to_html(tmp_path, with_code(page, page.path.read_text()))) == page.blocks[0].code
