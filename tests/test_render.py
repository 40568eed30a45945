"""A built page shows, below each block, what is recorded; a page whose blocks do not all appear is refused."""

from html import escape

import lxml.html
import pytest

from blocks.errors import BadInput
from blocks.outputs.store import write_outputs
from blocks.read.page import read_page
from blocks.render.block_bar import Site
from blocks.render.html import with_code, with_frames, with_sizes


@pytest.fixture
def built(project, to_html):
    """Return what builds the HTML of a page."""

    def built(page, change=lambda html: html):
        html = to_html(project.root, with_code(page, page.path.read_text()))
        site = Site(project.root, (), "https://example.org/guide", {"torch.ones": "a", "torch.nn.Linear": "b"})
        return with_frames(page, change(html), site, "../")

    return built


def test_output_stands_below_its_block(project, built):
    page = project.page(first="print('<1> & \"2\"')", second="x = 1", third="print(3)")
    write_outputs(page.snippet, {"first": '<1> & "2"\n\nend\n', "third": "3\n"})
    tree = lxml.html.fromstring(built(page))
    blocks = tree.xpath('//*[starts-with(@id, "block-")]')
    assert [block.get("id") for block in blocks] == ["block-first", "block-second", "block-third"]
    assert [[node.text_content() for node in block.iter("samp")] for block in blocks] == [
        ['<1> & "2"\n\nend'],
        [],
        ["3"],
    ]
    assert [block.find(".//pre/code").text_content() for block in blocks] == [block.code for block in page.blocks]


def test_picture_stands_below_its_block(project, built):
    page = project.page(marks={"only": "figure(alt='a \"line\" < 3')"}, only="pass")
    project.write(
        "docs/assets/figures/tensors/sample/only.svg", '<svg a="1" height="72pt" b="2" width="144.5pt"></svg>'
    )
    [image] = lxml.html.fromstring(built(page)).iter("img")
    assert image.get("src") == "../assets/figures/tensors/sample/only.svg"
    assert (image.get("alt"), image.get("width"), image.get("height")) == ('a "line" < 3', "193", "96")
    assert image.get("style") == "--legible: 130px"
    assert image.getparent().get("class") == "drawing"


def test_names_lead_to_the_documentation_where_they_stand(project, built):
    page = project.page(
        first="import torch\nfrom torch import nn\n# torch.ones\ntorch.ones(1)\ntorch.zeros(1) + torch.ones(1)",
        second='torch.ones(2)\n@nn.Linear.forward\ndef f(): print(f"{torch.ones(1)} nn.Linear")',
    )
    tree = lxml.html.fromstring(built(page))
    blocks = tree.xpath('//*[starts-with(@id, "block-")]')
    links = [
        [(link.text_content(), link.get("href"), link.get("tabindex")) for link in block.xpath(".//pre//a")]
        for block in blocks
    ]
    assert links == [[("torch.ones", "a", None)], [("torch.ones", "a", "-1"), ("@nn.Linear", "b", None)]]
    assert [block.find(".//pre/code").text_content() for block in blocks] == [block.code for block in page.blocks]
    assert blocks[0].xpath(".//pre//a")[0].getprevious().text == "# torch.ones"


def test_setup_and_drawing_are_folded_and_the_picture_comes_first(project, built):
    page = project.page(
        marks={"drawn": "figure(alt='a', caption='A & b')"}, setup="x = 1", drawn="y = 1\nprint(2)", rest="z"
    )
    project.write("docs/assets/figures/tensors/sample/drawn.svg", '<svg height="72pt" width="72pt"></svg>')
    write_outputs(page.snippet, {"drawn": "2\n"})
    tree = lxml.html.fromstring(built(page))
    assert tree.xpath("//summary/text()") == ["Setup, 1 line", "Code for this figure, 2 lines"]
    assert [child.get("class") for child in tree.get_element_by_id("block-drawn")] == ["figure", "output", "folded"]
    assert tree.xpath("string(//figcaption)") == "A & b"
    assert not tree.get_element_by_id("block-rest").xpath(".//details")
    assert all(bar.xpath("button/text()") == ["Copy", "Copy as script"] for bar in tree.find_class("block-bar"))


def test_a_mark_stands_only_where_a_block_differs_from_its_page(project, built):
    page = project.page(
        marks={"third": "skip(reason='why', until='permanent')"}, first="x = 1", second="y = 2", third="z = 3"
    )
    marks = lxml.html.fromstring(built(page)).xpath("//a[contains(@class, 'mark')]")
    assert [(mark.text, mark.get("title")) for mark in marks] == [("not executed", "Not executed: why")]


def test_page_without_blocks(project, built):
    page = read_page(project.write("docs/about.md", "# About\n\n```text\nnot code\n```\n"), project.root)
    assert "not code" in built(page)


def test_shell_block_is_shown(project, built):
    page = read_page(project.write("docs/shell.md", "```sh\necho '<a>'\n```\n"), project.root)
    assert escape("echo '<a>'") in built(page) or "&lt;a&gt;" in built(page)


def test_front_matter_does_not_shift_anchors(project):
    page = project.page(only="x = 1")
    body = page.path.read_text()
    page.path.write_text(f"---\ntitle: x\n---\n{body}")
    assert "#block-only" in with_code(read_page(page.path, project.root), body)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda html: html + '<div class="language-python highlight"></div>',
            "2 code blocks are rendered and 1 are run",
        ),
        (lambda html: "", "0 code blocks are rendered and 1 are run"),
        (lambda html: html.replace('id="block-only"', ""), "block 'only' is not rendered"),
        (lambda html: html.replace("1", "2"), "block 'only' is not shown as it was run"),
    ],
    ids=["one more", "none", "no anchor", "other code"],
)
def test_page_that_shows_something_else_is_refused(project, built, change, message):
    page = project.page(only="x = 1")
    with pytest.raises(BadInput, match=message) as caught:
        built(page, change)
    assert caught.value.path == page.path


def test_a_picture_in_prose_keeps_its_place(project):
    project.write("docs/assets/figures/a/b.svg", '<svg height="72pt" width="144pt"></svg>')
    html = '<img alt="a" src="../../assets/figures/a/b.svg"/><img src="c.png">'
    sized = '<img alt="a" src="../../assets/figures/a/b.svg" height="96" width="192"/><img src="c.png">'
    assert with_sizes(html, project.root / "docs") == sized
    assert with_sizes(sized, project.root / "docs") == sized
