"""Regions are read in order with their lines; whatever is not a clean pair of markers is refused."""

import pytest
from pymdownx.snippets import SnippetPreprocessor

from blocks.errors import BadInput
from blocks.read.regions import check_name, read_regions

SNIPPET = '''"""Two regions."""

# --8<-- [start:make-rows]
rows = [1, 2]
# --8<-- [end:make-rows]


# --8<-- [start:print-rows]
for row in rows:
    print(row)
# --8<-- [end:print-rows]
'''


def region(body: str, name: str = "only") -> str:
    return f"# --8<-- [start:{name}]\n{body}\n# --8<-- [end:{name}]\n"


def refusal(read, *args) -> str:
    """Return the complaint without the path."""
    with pytest.raises(BadInput) as caught:
        read(*args)
    return str(caught.value).removeprefix(str(args[0]))


def test_regions_in_order_with_their_lines(project):
    regions = read_regions(project.write("x.py", SNIPPET))
    assert [(name, found.line) for name, found in regions.items()] == [("make-rows", 4), ("print-rows", 9)]
    assert regions["print-rows"].text == "for row in rows:\n    print(row)\n"


@pytest.mark.parametrize("text", [SNIPPET.replace("\n", "\r\n"), "\ufeff" + SNIPPET], ids=["crlf", "byte order mark"])
def test_other_encodings_of_the_same_text(project, text):
    assert read_regions(project.write("x.py", text)) == read_regions(project.write("y.py", SNIPPET))


def test_only_a_line_end_ends_a_line(project):
    text = 's = "\u2028\x0c"\n' + region("print(s)")
    assert read_regions(project.write("x.py", text))["only"].line == 3


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (region("x = 1") * 2, ":4: region 'only' is already on line 1. Rename one of them."),
        ("# --8<-- [start:a]\n", ":1: region 'a' is not closed. Add [end:a]."),
        (region(region("x = 1", "inner")), ":2: region 'inner' starts inside 'only'. End 'only' first."),
        ("# --8<-- [end:a]\n", ":1: marker [end:a] closes nothing. Pair it with its start marker."),
        ("# --8<-- [stop:a]\n", ":1: marker [stop:a] closes nothing. Pair it with its start marker."),
    ],
    ids=["repeated", "unclosed", "nested", "unopened", "misspelled"],
)
def test_markers_that_do_not_pair(project, text, complaint):
    assert refusal(read_regions, project.write("x.py", text)) == complaint


@pytest.mark.parametrize(
    "line",
    [
        "# --8<-- [start:inner]",
        "    # --8<-- [start:inner]",
        "# --8<--[start:inner]",
        "#--8<-- [start:inner]",
        "# -8<- [start:inner]",
        "## --8<-- [start:inner]",
        "# --8<-- [start :inner]",
        "# --8<-- [start: inner]",
        "# --8<-- [START:inner]",
        "x = 1  # --8<-- [start:inner]",
        "# see --8<-- [start:inner] above",
    ],
)
def test_marker_that_the_site_or_we_see_is_never_kept_as_code(project, line):
    """The site drops what it takes for a marker; so does a person who reads one."""
    path = project.write("x.py", region(line))
    assert "8<" in line
    assert SnippetPreprocessor.RE_SNIPPET_SECTION.match(line) or "[start" in line.lower()
    refusal(read_regions, path)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        *((name, "is not kebab-case") for name in ("", "Rows", "two_rows", "rows-", "-rows", "2d-rows", "rows--two")),
        *((name, "does not say what the block shows") for name in ("example", "here", "test")),
        ("sort2", "ends in a digit"),
    ],
)
def test_name_that_says_nothing(project, name, problem):
    assert refusal(check_name, project.root, 7, name).startswith(f":7: '{name}' {problem}")


@pytest.mark.parametrize("name", ["setup", "slice-rows", "x86-or-arm"])
def test_name_that_says_something(project, name):
    check_name(project.root, 7, name)
