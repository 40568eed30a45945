"""`mkdocs serve` builds what an edit changed, keeps the rest, and recovers from bad input."""

import pytest

from tests.preview import Preview

SUMS = {
    "index.html",
    "about/verification/index.html",
    "troubleshooting/index.html",
    "troubleshooting/messages/index.html",
}


@pytest.fixture(scope="module")
def preview(tmp_path_factory):
    with Preview(tmp_path_factory.mktemp("preview")) as running:
        yield running


def test_snippet_changes_its_page_and_the_totals_alone(preview):
    before = preview.times()
    preview.edit("snippets/tensors/creating.py", "[start:ranges]\n", "[start:ranges]\n# first seen now\n")
    preview.wait("tensors/creating/", "# first seen now")
    after = preview.times()
    assert {path for path in after if after[path] != before[path]} <= SUMS | {"tensors/creating/index.html"}


def test_search_keeps_the_other_pages(preview):
    preview.edit("docs/tensors/views.md", "\n## ", "\nUnheardof words.\n\n## ")
    preview.wait("search/search_index.json", "Unheardof words")
    index = preview.page("search/search_index.json")
    assert '"location":"tensors/creating/' in index and '"location":"autograd/graph/' in index


def test_bad_input_is_told_and_the_next_good_save_recovers(preview):
    preview.edit("docs/tensors/dtypes.md", ".py:setup", ".py:nothing")
    preview.heard("no region 'nothing'")
    assert "Traceback" not in preview.log.read_text()
    preview.edit("docs/tensors/dtypes.md", ".py:nothing", ".py:setup")
    preview.edit("docs/tensors/dtypes.md", "\n## ", "\nGood again.\n\n## ")
    preview.wait("tensors/dtypes/", "Good again.")


def test_record_changes_every_page(preview):
    before, built = preview.times(), preview.log.read_text().count("Documentation built")
    record = next((preview.root / "docs" / "records").glob("*.json"))
    preview.edit(record.relative_to(preview.root).as_posix(), '"date": "2', '"date": "3')
    preview.heard("Cleaning site directory")
    preview.wait("about/verification/", ", 3")
    preview.heard("Documentation built", built + 1)
    after = preview.times()
    assert all(after[path] != before[path] for path in before)
