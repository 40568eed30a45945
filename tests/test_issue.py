"""One issue a subject: opened, brought up to date, closed; nothing where there is nothing to say."""

import json
from argparse import Namespace

import pytest

from blocks.commands import issue
from blocks.errors import BadInput

TITLE = "Blocks that fail"
GH = """#!/usr/bin/python3
import json, pathlib, sys
here = pathlib.Path(__file__).parent
if sys.argv[2] == "list":
    print((here / "open.json").read_text())
else:
    (here / "asked.json").write_text(json.dumps(sys.argv[1:]))
sys.exit((here / "fails").exists() and "no rights")
"""


@pytest.fixture
def gh(tmp_path, monkeypatch):
    """Stand in for GitHub's tool; return what says which issues are open and gives what was asked of it."""
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    def gh(text, *titles):
        (tmp_path / "text.md").write_text(text)
        (tmp_path / "open.json").write_text(json.dumps([{"number": 7 + n, "title": t} for n, t in enumerate(titles)]))
        issue.run(tmp_path, Namespace(title=TITLE, text=tmp_path / "text.md"))
        asked = tmp_path / "asked.json"
        return json.loads(asked.read_text().replace(str(tmp_path), "")) if asked.exists() else None

    return gh


def test_opened(gh):
    assert gh("x", "Blocks that fail now") == ["issue", "create", "--title", TITLE, "--body-file", "/text.md"]


def test_brought_up_to_date(gh):
    assert gh("x", "Other", TITLE) == ["issue", "edit", "8", "--body-file", "/text.md"]


def test_closed(gh):
    assert gh("\n", TITLE) == ["issue", "close", "7", "--comment", "All is well again."]


def test_nothing_to_do(gh):
    assert gh("", "Other") is None


def test_tool_that_fails(gh, tmp_path):
    (tmp_path / "fails").touch()
    with pytest.raises(BadInput, match="no rights"):
        gh("x")


def test_no_tool(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="not installed"):
        issue.find(TITLE)
