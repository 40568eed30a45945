"""A page and its snippet find each other."""

import pytest

from blocks.read.paths import is_page, snippet_path


@pytest.mark.parametrize(
    ("path", "snippet"),
    [
        ("docs/tensors/creating.md", "snippets/tensors/creating.py"),
        ("docs/index.md", "snippets/index.py"),
        ("snippets/tutorials/digits.py", "snippets/tutorials/digits.py"),
    ],
)
def test_page_has_its_snippet(tmp_path, path, snippet):
    assert is_page(tmp_path / path, tmp_path)
    assert snippet_path(tmp_path / path, tmp_path) == tmp_path / snippet


@pytest.mark.parametrize("path", ["README.md", "docs/assets/site.css", "snippets/tensors/creating.py", "tests/x.py"])
def test_other_files_are_no_pages(tmp_path, path):
    assert not is_page(tmp_path / path, tmp_path)
