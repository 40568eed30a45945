"""A page and its snippet find each other."""

import pytest

from blocks.errors import BadInput
from blocks.read.paths import check_orphans, is_page, snippet_path


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


@pytest.mark.parametrize(
    "path",
    ["snippets/a/gone.py", "snippets/a/gone.out", "snippets/a/gone.cuda.out", "docs/assets/figures/a/gone/x.svg"],
)
def test_what_no_page_shows_is_refused(project, path):
    project.page(stem="a/here", only="x = 1")
    project.write("docs/assets/figures/a/here/x.svg", "<svg/>")
    check_orphans(project.root)
    project.write(path, "")
    with pytest.raises(BadInput, match=path):
        check_orphans(project.root)
