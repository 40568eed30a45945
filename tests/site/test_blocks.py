"""What a reader sees is what ran: every block of every page, byte for byte, with its recorded output."""

from pathlib import Path

import pytest

from blocks.outputs.store import read_outputs
from blocks.read.page import Page
from tests.site.conftest import GUIDE, PAGES, read_html

CODE = "contains(@class, 'language-python') or contains(@class, 'language-bash')"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_every_rendered_block_is_a_block_that_ran(page: Page) -> None:
    tree = read_html(page)
    rendered = tree.xpath(f"//article//div[{CODE}][contains(@class, 'highlight')]")
    assert len(rendered) == len(page.blocks)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_code_is_the_bytes_that_ran(page: Page) -> None:
    tree = read_html(page)
    for block in page.blocks:
        (code,) = tree.xpath(f"//div[@id='block-{block.name}']//pre/code")
        assert code.text_content() == block.code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_output_and_figure_are_the_recorded_ones(page: Page) -> None:
    tree, outputs = read_html(page), read_outputs(page.snippet)
    for block in page.blocks:
        (frame,) = tree.xpath(f"//div[@id='block-{block.name}']")
        shown = "".join(frame.xpath(".//samp//text()"))
        assert shown.rstrip("\n") == outputs.get(block.name, "").rstrip("\n")
        assert len(frame.xpath(".//img[@alt][@width][@height]")) == (block.mark("figure") is not None)
        assert bool(frame.xpath(".//details")) == (block.name == "setup" or block.mark("figure") is not None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_copy_as_script_names_what_the_block_needs(page: Page) -> None:
    tree = read_html(page)
    for block in page.blocks:
        (bar,) = tree.xpath(f"//div[@id='block-{block.name}']//div[@data-needs]")
        assert bar.get("data-needs").split() == [part.name for part in page.program(block)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_ids_are_unique(page: Page) -> None:
    ids = read_html(page).xpath("//@id")
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("path", GUIDE.tutorials(), ids=lambda path: path.stem)
def test_solutions_of_a_tutorial_are_folded(path: Path) -> None:
    (heading,) = read_html(GUIDE.pages[path]).xpath("//h2[@id='solutions']")
    assert len(heading.xpath("following-sibling::details[@class='success']")) >= 3


@pytest.mark.parametrize("path", GUIDE.tutorials(), ids=lambda path: path.stem)
def test_a_tutorial_begins_and_ends_with_its_aims(path: Path) -> None:
    content = read_html(GUIDE.pages[path]).xpath("//h1")[0].getparent()
    assert not content.text.strip()  # the front matter is a cell too, and not shown
    kinds = [child.get("class") or child.get("id") for child in content]
    assert kinds.index("learn") < kinds.index("block") < kinds.index("recap") == len(kinds) - 4
