"""The pictures of a page lie in a folder of their own, and change as a whole."""

from blocks.outputs.figure_files import figure_path, record_figures


def test_path_names_section_page_and_block(project):
    page = project.page(stem="tensors/views", show_strides="pass")
    path = figure_path(page, page["show-strides"], project.root)
    assert path == project.root / "docs/assets/figures/tensors/views/show-strides.svg"


def test_recording_writes_changes_and_removes(project):
    page = project.page(first="pass", second="pass", third="pass")
    record_figures(page, {"first": ("<svg>1</svg>",), "second": ("<svg>2</svg>",)}, project.root)
    folder = figure_path(page, page["first"], project.root).parent
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "first.svg": "<svg>1</svg>",
        "second.svg": "<svg>2</svg>",
    }
    drawn = {"first": ("<svg>1</svg>",), "second": (), "third": ("<svg>3</svg>",)}
    changed = record_figures(page, drawn, project.root)
    assert [path.name for path in changed] == ["second.svg", "third.svg"]
    assert sorted(path.name for path in folder.iterdir()) == ["first.svg", "third.svg"]
    assert record_figures(page, drawn, project.root) == []


def test_other_pages_pictures_stay(project):
    other = project.page(stem="tensors/other", first="pass")
    record_figures(other, {"first": ("<svg/>",)}, project.root)
    record_figures(project.page(first="pass"), {"first": ()}, project.root)
    assert figure_path(other, other["first"], project.root).exists()


def test_page_that_draws_nothing_leaves_no_folder(project):
    page = project.page(first="pass")
    assert record_figures(page, {"first": ()}, project.root) == []
    assert not (project.root / "docs/assets").exists()
