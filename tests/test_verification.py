"""The matrix says where exactly the code of each block ran, and why a block did not."""

import lxml.html
import pytest

from blocks.record.record import Record, code_hash
from blocks.render.frame import Site
from blocks.render.verification import totals, with_tables
from blocks.run.environment import Environment

PLACES = "<p><!-- matrix --></p><!-- skips --><!-- records -->"


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
    return lxml.html.fromstring(f"<div>{with_tables(PLACES, [page], site, '../../')}</div>"), site


def test_matrix_and_skips(project, page):
    all_good = record(page, {"first": "passed", "second": "passed", "third": "skipped: it downloads"})
    old = record(page, {"first": "passed", "second": "skipped: needs torch >=2.13"}, torch="2.11.0")
    gpu = record(page, {"first": "failed"}, device="cuda")
    tree, site = tables(project, page, all_good, old, gpu)
    [row] = tree.xpath("//tbody/tr")
    assert [cell.text_content() for cell in row.iter("td")] == ["3", "all", "2 of 3", "0 of 3, 1 failed"]
    assert row.xpath("//dd/a/@href")[0] == "../../tensors/sample/#block-first"
    assert [head.get("colspan") for head in tree.xpath("//thead/tr[1]/th[@colspan]")] == ["2", "1"]
    skips = [item.text_content() for item in tree.xpath("//ul[1]/li")]
    assert len(skips) == 2 and "needs torch >=2.13 on CPU with torch 2.11.0" in skips[0]
    assert skips[1] == "tensors/sample: third. Not executed until 2100-01-31: it downloads"
    assert totals([page], site) == "1 pages, 3 blocks; 2 passed on CPU; not yet run on CUDA; 1 not executed."


def test_records_are_linked_and_dated(project, page):
    tree, _ = tables(project, page, record(page, {}))
    assert tree.xpath("//a[contains(@href, '.json')]/@href") == ["../../records/cpu-linux-python3.11-torch2.15.0.json"]
    assert "The oldest is of 2026-11-24" in tree.text_content()


def test_no_record(project, page):
    tree, _ = tables(project, page)
    assert "No record yet." in tree.text_content()
    assert [cell.text_content() for cell in tree.xpath("//tbody//td")] == ["3"]
