"""The matrix says where exactly the code of each block ran, and why a block did not."""

import lxml.html
import pytest

from blocks.records.record import Record, code_hash
from blocks.render.block_bar import Site
from blocks.render.verification import Tables, totals
from blocks.run.shared.environment import Environment

PLACES = "<!-- matrix --><!-- exceptions --><!-- records -->"


def record(page, verdicts, device="cpu", **versions):
    place = {"torch": "2.15.0", "torchvision": "", "python": "3.11", "system": "Linux"} | versions
    environment = Environment(device, "NVIDIA H200" if device == "cuda" else "x86_64", "", "", "", **place)
    entries = {name: {"code": code_hash(page, page[name]), "verdict": verdict} for name, verdict in verdicts.items()}
    return Record(environment, "2026-11-24", "", {}, {"tensors/sample": entries})


@pytest.fixture
def page(project):
    skip = "skip(reason='it downloads', until='2100-01-31')"
    return project.page({"third": skip}, first="x = 1", second="y = 2", third="z = 3")


def tables(project, page, *records):
    site = Site(project.root, records, "https://example.org/guide")
    titles = {"tensors/sample.md": ("A <sample>", "../../tensors/sample/")}
    return lxml.html.fromstring(f"<div>{Tables([page], site, titles.get, '../../').fill_in(PLACES)}</div>"), site


def test_matrix_and_exceptions(project, page):
    all_good = record(page, {"first": "passed", "second": "passed"})
    old = record(page, {"first": "passed", "second": "skipped: needs torch >=2.13"}, torch="2.11.0")
    gpu = record(page, {"first": "failed"}, device="cuda")
    tree, site = tables(project, page, all_good, old, gpu)
    [row] = tree.xpath("//tbody/tr")
    assert row.get("id") == "page-tensors-sample"
    assert (row.xpath("string(th)"), row.xpath("th/a/@href")) == ("A <sample>", ["../../tensors/sample/"])
    assert [cell.text_content() for cell in row.iter("td")] == ["3", "✓", "✓", "0 of 2, 1 failed"]
    assert [head.get("colspan") for head in tree.xpath("//thead/tr[1]/th[@colspan]")] == ["2", "1"]
    gpus, found = "NVIDIA H200 with torch 2.15.0, Python 3.11, Linux", tree.xpath("//details/summary")
    assert [" ".join(summary.text_content().split()) for summary in found] == [
        "Shown and not executed, until 2100-01-31: it downloads (1 block)",
        f"Failed on {gpus}; passed elsewhere (1 block)",
        f"Not yet run on {gpus}; passed elsewhere (1 block)",
        "needs torch >=2.13: left out on CPU with torch 2.11.0, Python 3.11, Linux; passed elsewhere (1 block)",
    ]
    assert tree.xpath("//details[1]//li/a/@href") == ["../../tensors/sample/", "../../tensors/sample/#block-third"]
    numbers = lxml.html.fromstring(totals([page], site)).xpath("//li")
    assert [" ".join(item.text_content().split()) for item in numbers] == [
        "1 pages",
        "3 blocks of code",
        "2 passed on CPU, torch 2.11, 2.15",
        "3 environments",
    ]


def test_without_exceptions(project):
    page = project.page(first="x = 1")
    tree, _ = tables(project, page, record(page, {"first": "passed"}))
    assert "every block passed in every environment" in tree.text_content()


def test_records_are_linked_and_dated(project, page):
    tree, _ = tables(project, page, record(page, {}))
    assert tree.xpath("//a[contains(@href, '.json')]/@href") == ["../../records/cpu-linux-python3.11-torch2.15.0.json"]
    assert "The oldest is of 2026-11-24" in tree.text_content()


def test_no_record(project, page):
    tree, _ = tables(project, page)
    assert "No record yet." in tree.text_content()
    assert [cell.text_content() for cell in tree.xpath("//tbody//td")] == ["3"]
