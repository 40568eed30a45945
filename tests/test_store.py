"""Outputs are recorded under their block's name, whole or not at all, and read back as they were printed."""

import tempfile
from pathlib import PurePosixPath, PureWindowsPath

import pytest

from blocks.outputs.normalise import normalise
from blocks.outputs.store import output_path, read_outputs, variants, write_outputs
from blocks.text_files import write_whole

PRINTED = {
    "one line": "1\n",
    "no line end": "1",
    "blank lines": "\n\n1\n\n",
    "only a blank line": "\n",
    "indented": "  1\n\t2\n",
    "unicode": "naïve ±1 😀\n",
    "trailing blanks": "1  \n",
    "code": "# a comment\nx = 1\n",
    "progress bar": "10%\r100%\n",
    "form feed": "a\x0cb\u2028c\n",
}


@pytest.fixture
def snippet(tmp_path):
    return tmp_path / "x.py"


@pytest.mark.parametrize("text", PRINTED.values(), ids=PRINTED)
def test_read_gives_what_was_written(snippet, text):
    write_outputs(snippet, {"first": text, "second": "2\n"})
    first, second = map(normalise, read_outputs(snippet).values())
    assert first.removesuffix("\n") == normalise(text).removesuffix("\n")
    assert second == "2\n"


def test_record_is_text_under_the_snippets_markers(snippet):
    assert write_outputs(snippet, {"first": "1\n", "silent": "", "second": "2"})
    assert output_path(snippet).read_text() == (
        "# --8<-- [start:first]\n1\n# --8<-- [end:first]\n\n# --8<-- [start:second]\n2\n# --8<-- [end:second]\n"
    )


def test_same_outputs_change_nothing(snippet):
    write_outputs(snippet, {"first": "1\n"})
    before = output_path(snippet).stat()
    assert not write_outputs(snippet, {"first": "1\n"})
    assert output_path(snippet).stat() == before


def test_no_output_leaves_no_file(snippet):
    write_outputs(snippet, {"first": "1\n"})
    assert write_outputs(snippet, {"first": ""})
    assert list(snippet.parent.iterdir()) == []


def test_no_record(snippet):
    assert read_outputs(snippet) == {}


def test_failed_write_keeps_the_old_file(snippet):
    write_whole(snippet, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(snippet, "new \ud800")
    assert snippet.read_text() == "old"
    assert list(snippet.parent.iterdir()) == [snippet]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<Thing object at 0x7f3a5c2b1d90>", "<Thing object at 0x...>"),
        ("0xff is 255", "0xff is 255"),
        (f"saved to {tempfile.gettempdir()}/page-x1y2/work/model.pt", "saved to /tmp/.../work/model.pt"),
        (f"'{tempfile.gettempdir()}/abc'", "'/tmp/...'"),
        ("in /usr/lib/python3/site-packages/torch/x.py", "in .../site-packages/torch/x.py"),
        ("a / b and 1/2", "a / b and 1/2"),
        ("0x3f800000 is 1.0", "0x3f800000 is 1.0"),
        ("<Thing at 0x000001F3A5C2B1D9>", "<Thing at 0x...>"),
        ("\x1b[31mred\x1b[0m, \x1b]8;;http://x\x07link\x1b]8;;\x07", "red, link"),
        ("a\x00b\x08c\td", "abc\td"),
        ("a\nrank 10: x\nrank 2: y\nrank 2: x\nb\n", "a\nrank 2: y\nrank 2: x\nrank 10: x\nb\n"),
        ("rank 1: x\na\nrank 0: y", "rank 1: x\na\nrank 0: y"),
    ],
)
def test_volatile_text_is_taken_out(text, expected):
    assert normalise(text) == expected
    assert normalise(expected) == expected


POSIX = PurePosixPath("/home/a b/guide/snippets/tensors/x.py")
WINDOWS = PureWindowsPath(r"C:\Users\me\guide\snippets\tensors\x.py")


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        (POSIX, f"# File: {POSIX}:11 in forward", "# File: <page>:... in forward"),
        (POSIX, f'  File "{POSIX}", line 11, in f', '  File "<page>", line ..., in f'),
        (POSIX, f"file://{POSIX}", "file://<page>"),
        (POSIX, f"{POSIX}.bak", ".../snippets/tensors/x.py.bak"),
        (POSIX, "in /home/a b/guide/docs/x.md", "in .../docs/x.md"),
        (POSIX, "('/home/a b/guide', 1)", "('...', 1)"),
        (POSIX, "/home/a b/guides", "/home/a b/guides"),
        (POSIX, "(/usr/lib/python3.11/json/decoder.py:3)", "(.../json/decoder.py:3)"),
        (POSIX, "/usr/lib/libc.so and https://x.org/lib/y.py", "/usr/lib/libc.so and https://x.org/lib/y.py"),
        (POSIX, f"{tempfile.gettempdir()}/page-x1y2/tmp/tmpabcd_f1g/m.pt", "/tmp/.../m.pt"),
        (WINDOWS, f'  File "{WINDOWS}", line 3', '  File "<page>", line ...'),
        (WINDOWS, repr(str(WINDOWS)), "'<page>'"),
        (WINDOWS, r"c:\users\me\guide\docs\x.md", ".../docs/x.md"),
        (WINDOWS, r"C:\Python311\Lib\site-packages\torch\x.py", ".../site-packages/torch/x.py"),
        (WINDOWS, r"C:\Python311\Lib\json\decoder.py", ".../json/decoder.py"),
    ],
)
def test_places_of_files_are_the_same_everywhere(source, text, expected):
    assert normalise(text, source) == expected
    assert normalise(expected, source) == expected


@pytest.mark.parametrize("marker", ["# --8<-- [start:x]", "  # --8<-- [end:first]", r"# --8<-- \[start:x]", "--8<--"])
def test_printed_marker_is_recorded_as_text(snippet, marker):
    write_outputs(snippet, {"first": f"{marker}\n1\n", "second": "2\n"})
    assert read_outputs(snippet) == {"first": f"{marker}\n1\n", "second": "2\n"}


@pytest.mark.parametrize(
    ("device", "torch", "expected"),
    [
        ("cpu", "2.15.0", []),
        ("cpu", "2.16.0.dev20261101", []),
        ("cpu", "2.14.1", ["before-2.15"]),
        ("cpu", "2.15.0.dev20260801", []),
        ("cpu", "2.9.1", ["before-2.15", "before-2.10"]),
        ("cuda", "2.15.0", ["cuda"]),
        ("cuda", "2.14.1", ["before-2.15", "cuda"]),
    ],
)
def test_variants_hold_where_their_name_says(snippet, device, torch, expected):
    for variant in ("", "before-2.10", "before-2.15", "cuda"):
        write_outputs(snippet, {"first": "1"}, variant)
    assert variants(snippet, device, torch) == expected


def test_later_variants_are_read_over_earlier_ones(snippet):
    write_outputs(snippet, {"a": "1\n", "b": "1\n", "c": "1\n"})
    write_outputs(snippet, {"b": "2\n", "c": "2\n"}, "before-2.15")
    write_outputs(snippet, {"c": "3\n"}, "cuda")
    assert read_outputs(snippet, ["before-2.15", "cuda"]) == {"a": "1\n", "b": "2\n", "c": "3\n"}
    assert read_outputs(snippet) == {"a": "1\n", "b": "1\n", "c": "1\n"}  # what a page shows
