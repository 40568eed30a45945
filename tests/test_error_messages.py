"""The messages in what a block printed."""

import pytest

from blocks.outputs.error_messages import complaints, kind_of, messages
from blocks.read.block import Block
from blocks.read.marks import Mark

RAISES = (Mark("raises", (ValueError,)),)


@pytest.mark.parametrize(
    ("marks", "printed", "found"),
    [
        (RAISES, "shape 3\nValueError: bad\nsecond line\n", ["ValueError: bad\nsecond line"]),
        (
            RAISES,
            "json.decoder.ValueError: bad\nRuntimeError: inside\n",
            ["json.decoder.ValueError: bad\nRuntimeError: inside"],
        ),
        (RAISES, "UnicodeDecodeError: one of its kind\n", ["UnicodeDecodeError: one of its kind"]),
        (RAISES, "ValueError\n", ["ValueError"]),
        (RAISES, "", []),
        ((), "1\nKeyError: 'a'\nUserWarning: b\nc\n", ["KeyError: 'a'", "UserWarning: b\nc"]),
        ((), "<page>:3: UserWarning: b\n", ["UserWarning: b"]),
        ((), "torch._dynamo.exc.Unsupported: no\n", ["torch._dynamo.exc.Unsupported: no"]),
        ((), "ended by signal SIGBUS\n", ["ended by signal SIGBUS"]),
        ((), "\n", []),
    ],
)
def test_messages(tmp_path, marks, printed, found):
    assert messages(printed, Block("b", "python", "", 1, tmp_path, 1, marks)) == found


def test_what_other_releases_print_is_found_too(project):
    page = project.page(first="x")
    for variant, text in {"": "KeyError: new", ".before-2.15": "KeyError: old", ".cuda": "KeyError: new"}.items():
        region = f"# --8<-- [start:first]\n{text}\n# --8<-- [end:first]\n"
        page.snippet.with_suffix(f"{variant}.out").write_text(region)
    assert complaints(page, page["first"]) == ["KeyError: new", "KeyError: old"]


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("RuntimeError: a: b\nc", ("RuntimeError", "a: b")),
        ("torch.OutOfMemoryError: a", ("torch.OutOfMemoryError", "a")),
        ("killed", ("", "killed")),
        ("OMP: Error #15", ("", "OMP: Error #15")),
    ],
)
def test_kind_of(message, parts):
    assert kind_of(message) == parts
