"""Below a title stands where the page was verified, and no more than is true; and what a reader can take away."""

import lxml.html
import pytest

from blocks.record.record import Record, code_hash
from blocks.render.frame import Site
from blocks.render.heading import with_heading
from blocks.run.environment import Environment

TITLES = {"about/verification.md": ("Verification", "../about/verification/"), "a.md": ("First <A>", "../a/")}


def record(page, verdicts, torch="2.15.0", gpu=""):
    environment = Environment("cuda" if gpu else "cpu", gpu or "x86_64", "", "", "", torch, "", "3.11", "Linux")
    entries = {name: {"code": code_hash(page, page[name]), "verdict": verdict} for name, verdict in verdicts.items()}
    return Record(environment, "2026-11-24", "", {"tensors/sample": 2}, {"tensors/sample": entries})


@pytest.fixture
def heading(project):
    """Return what makes the lines below the title of a page with two blocks, from these verdicts."""

    def heading(*verdicts, folders=True, repository="https://github.com/us/guide", meta=None):
        page = project.page(first="x = 1", second="y = 2")
        records = tuple(record(page, dict(zip(("first", "second"), said, strict=True)), *at) for said, *at in verdicts)
        site = Site(project.root, records, repository, folders=folders)
        tree = lxml.html.fromstring(with_heading(page, "<h1>Sample</h1>", 3, meta or {}, TITLES.get, site))
        return tree.xpath("//div[@class='page-facts']")[0]

    return heading


@pytest.mark.parametrize(
    ("verdicts", "line"),
    [
        ([], "Not yet verified: no recorded environment has passed every block as it stands."),
        ([(("passed", "failed"),)], "Not yet verified: no recorded environment has passed every block as it stands."),
        ([(("passed", "passed"),)], "Verified on CPU with torch 2.15.0, Python 3.11, Linux. Not yet run on CUDA."),
        (
            [
                (("passed", "passed"),),
                (("passed", "passed"), "2.14.1"),
                (("passed", "passed"), "2.14.1", "NVIDIA H200"),
            ],
            "Verified on CPU with torch 2.14 and 2.15, Python 3.11, Linux; "
            "NVIDIA H200 with torch 2.14.1, Python 3.11, Linux.",
        ),
        (
            [(("passed", "passed"),), (("passed", "failed"), "2.15.0", "NVIDIA H200")],
            "Verified on CPU with torch 2.15.0, Python 3.11, Linux. Not every block has passed on CUDA.",
        ),
        (
            [(("passed", "passed"),), (("passed", "skipped: needs torch >=2.15"), "2.11.0")],
            "Verified on CPU with torch 2.11, 2.15, Python 3.11, Linux. Works from torch 2.15 on. Not yet run on CUDA.",
        ),
    ],
)
def test_verified(heading, verdicts, line):
    assert heading(*verdicts).xpath("string(p[1])") == line
    assert heading(*verdicts).xpath("p[1]/a/@href") == ["../about/verification/#page-tensors-sample"]


def test_facts_and_actions(heading):
    tree = heading((("passed", "passed"),), meta={"prerequisites": ["a.md"]})
    assert [line.text_content() for line in tree.xpath("p")][1:] == [
        "Before you start: First <A>.",
        "3 min read, runs in about 2 s on a CPU",
        "Download as script, notebook, Markdown · Copy page as Markdown · Open in Colab · Source",
        "",
    ]
    assert tree.xpath("p[4]/a/@href") == [
        "../sample.py",
        "../sample.ipynb",
        "../sample.md",
        "https://colab.research.google.com/github/us/guide/blob/notebooks/tensors/sample.ipynb",
        "https://github.com/us/guide/blob/main/snippets/tensors/sample.py",
    ]


def test_what_a_disk_and_another_host_do_not_offer(heading):
    line = heading(folders=False, repository="https://example.org/us/guide").xpath("p[last() - 1]")[0]
    assert line.text_content() == "Download as script, notebook, Markdown · Source"
    assert line.xpath("a/@href")[0] == "sample.py"
