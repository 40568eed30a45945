"""What one build computes from the code of a page, the next one recalls: for that code alone."""

import json

import pytest

from blocks.needs import imports, memory, needs


@pytest.fixture
def page(project, monkeypatch):
    monkeypatch.setattr(needs, "PROGRAMS", programs := {})
    monkeypatch.setattr(imports, "NAMES", names := {})
    monkeypatch.setattr(memory, "PROGRAMS", programs)
    monkeypatch.setattr(memory, "NAMES", names)
    return project.page(setup="import torch", other="y = 2", show="print(torch.ones(1))")


def ask(page):
    """Return the needs and the names of each block."""
    return [needs.needs(page, block) for block in page.blocks], imports.names_of(page)


def forget():
    needs.PROGRAMS.clear()
    imports.NAMES.clear()


def test_next_build_recalls(tmp_path, page, monkeypatch):
    computed, file = ask(page), tmp_path / "needs.json"
    file.write_text(memory.kept([page]))
    forget()
    memory.recall(file, [page])
    monkeypatch.delattr(needs, "read_programs")  # what is recalled is not computed
    monkeypatch.delattr(imports, "library_names")
    assert ask(page) == computed


def test_other_code_is_computed(tmp_path, project, page):
    ask(page)
    file = tmp_path / "needs.json"
    file.write_text(memory.kept([page]))
    forget()
    memory.recall(file, [project.page(setup="import torch", other="y = 2", show="print(torch.ones(y))")])
    assert not needs.PROGRAMS
    assert not imports.NAMES


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", json.dumps({"tooling": "older", "pages": {}})])
def test_file_of_no_use_knows_nothing(tmp_path, page, text):
    file = tmp_path / "needs.json"
    if text:
        file.write_text(text)
    memory.recall(file, [page])
    assert not needs.PROGRAMS


def test_page_that_no_build_asked_about_is_not_kept(page):
    assert json.loads(memory.kept([page]))["pages"] == {}
