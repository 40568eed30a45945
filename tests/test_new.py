"""A new page passes at once, stands in the nav, and replaces nothing."""

import pytest
import yaml

from blocks.commands.new import new_page
from blocks.errors import BadInput
from blocks.outputs.check import fault
from blocks.outputs.store import read_outputs
from blocks.read.page import read_page

CONFIG = """\
site_name: Guide
nav:
  - Home: index.md
  - Tensors:
      - Creating tensors: tensors/creating.md
  - Training loop:
      - Optimizers: training/optimizers.md
theme: material
"""


@pytest.fixture
def config(project):
    return project.write("mkdocs.yml", CONFIG)


def test_new_page_passes(project, config, start):
    new_page(project.root, "tensors/einsum", "Einstein summation")
    page = read_page(project.root / "docs/tensors/einsum.md", project.root)
    recorded = read_outputs(page.snippet)
    faults = [
        fault(page, page[result.name], result, recorded, project.root)
        for result in start().run(page, list(page.blocks))
    ]
    assert faults == ["", "", ""]
    assert "# Einstein summation\n" in page.path.read_text()


def test_nav_entry_is_the_last_of_its_section(project, config):
    new_page(project.root, "tensors/einsum", "Einstein summation")
    before, after = CONFIG.split("  - Training loop")
    assert config.read_text() == f"{before}      - Einstein summation: tensors/einsum.md\n  - Training loop{after}"


@pytest.mark.parametrize(
    "title",
    ["Views: what they share", "[NHWC] layout", "'Quoted'", 'The "right" way', "# Hash", "- Dash", "*x"],
)
def test_title_is_kept_as_it_is(project, config, start, title):
    new_page(project.root, "tensors/einsum", title)
    assert yaml.safe_load(config.read_text())["nav"][1]["Tensors"][1] == {title: "tensors/einsum.md"}
    read_page(project.root / "docs/tensors/einsum.md", project.root)


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("einsum", "'einsum' is not section/stem"),
        ("tensors/Einsum", "'tensors/Einsum' is not section/stem"),
        ("tensors/../einsum", "'tensors/../einsum' is not section/stem"),
        ("nowhere/einsum", "nav has no section whose pages lie in 'nowhere/'"),
        ("tensors/creating", "the file exists"),
    ],
)
def test_page_that_cannot_be_placed_writes_nothing(project, config, page, problem):
    existing = project.write("docs/tensors/creating.md", "# Creating\n")
    with pytest.raises(BadInput, match=problem):
        new_page(project.root, page, "Title")
    assert sorted(path for path in project.root.rglob("*") if path.is_file()) == [existing, config]
    assert config.read_text() == CONFIG
