"""Below a title stands where the page was verified, and no more than is true; beside it, what to do with it."""

import datetime

import lxml.html
import pytest

from blocks.errors import BadInput
from blocks.outputs.entries import Entry
from blocks.records.record import Record, code_hash
from blocks.render.block_bar import Site
from blocks.render.page_facts import with_foot, with_heading
from blocks.run.shared.environment import Environment

TITLES = {"about/verification.md": ("Verification", "../about/verification/"), "a.md": ("First <A>", "../a/")}
GOOD = ("passed", "passed")


def record(page, verdicts, torch="2.15.0", gpu=""):
    environment = Environment("cuda" if gpu else "cpu", gpu or "x86_64", "", "", "", torch, "", "3.11", "Linux")
    entries = {name: {"code": code_hash(page, page[name]), "verdict": verdict} for name, verdict in verdicts.items()}
    return Record(environment, "2026-11-24", "", {"tensors/sample": 2}, {"tensors/sample": entries})


@pytest.fixture
def heading(project):
    """Return what makes the menu and facts below the title of a page with two blocks, from these verdicts."""

    def heading(*verdicts, folders=True, repository="https://github.com/us/guide", meta=None):
        page = project.page(first="x = 1", second="y = 2")
        records = tuple(record(page, dict(zip(("first", "second"), said, strict=True)), *at) for said, *at in verdicts)
        site = Site(project.root, records, repository, folders=folders)
        html = with_heading(page, "<h1>Sample</h1><p>Text</p>", 3, meta or {}, TITLES.get, site)
        return lxml.html.fromstring(f"<div>{html}</div>")

    return heading


@pytest.mark.parametrize(
    ("verdicts", "line"),
    [
        ([], "not yet verified as it stands"),
        ([(("passed", "failed"),)], "1 of 2 blocks verified as they stand"),
        ([(GOOD,)], "verified on CPU, torch 2.15"),
        (
            [(GOOD,), (GOOD, "2.14.1"), (GOOD, "2.14.1", "H200")],
            "verified on CPU (torch 2.14 and 2.15) and CUDA (2.14)",
        ),
        ([(GOOD,), (GOOD, "2.15.1", "H200")], "verified on CPU and CUDA, torch 2.15"),
        ([(GOOD,), (("passed", "failed"), "2.15.0", "H200")], "verified on CPU, torch 2.15"),
        ([(GOOD, "2.11.0", "H200")], "verified on CUDA, torch 2.11"),
        ([(("skipped: x", "skipped: x"),), (GOOD, "2.11.0", "H200")], "verified on CUDA, torch 2.11"),
        (
            [(GOOD,), (("passed", "skipped: needs torch >=2.15"), "2.11.0")],
            "verified on CPU, torch 2.11, 2.15, works from torch 2.15",
        ),
    ],
)
def test_verified(heading, verdicts, line):
    [link] = heading(*verdicts).xpath("//p[@class='facts']/a")
    assert link.text == line
    assert link.get("href") == "../about/verification/#page-tensors-sample"


def test_facts_are_one_line_after_the_title(heading):
    tree = heading((GOOD,), meta={"prerequisites": ["a.md"]})
    assert [child.tag for child in tree] == ["h1", "details", "p", "p"]
    facts = " ".join(tree.xpath("string(p[1])").split())
    assert facts == "3 min · needs First <A> · verified on CPU, torch 2.15"


def test_prerequisite_that_leads_nowhere_is_refused(heading):
    with pytest.raises(BadInput, match=r"sample.md:1: prerequisite 'nowhere.md' is no page"):
        heading((GOOD,), meta={"prerequisites": ["a.md", "nowhere.md"]})


def test_menu(heading):
    items = heading((GOOD,)).xpath("//details/ul/li/*")
    assert [(item.text, item.get("href")) for item in items][:-3] == [
        ("Copy page as Markdown", None),
        ("Script (.py)", "../sample.py"),
        ("Notebook (.ipynb)", "../sample.ipynb"),
        ("Markdown (.md)", "../sample.md"),
        ("Open in Colab", "https://colab.research.google.com/github/us/guide/blob/notebooks/tensors/sample.ipynb"),
        ("View source", "https://github.com/us/guide/blob/main/snippets/tensors/sample.py"),
        ("Edit this page", "https://github.com/us/guide/edit/main/docs/tensors/sample.md"),
    ]
    report, *switches = items[-3:]
    assert report.text == "Report a problem" and "page=docs%2Ftensors%2Fsample.md" in report.get("href")
    assert [switch.text for switch in switches] == ["Wrap long lines", "Forget which pages I read"]


def test_what_a_disk_and_another_host_do_not_offer(heading):
    items = heading(folders=False, repository="https://example.org/us/guide").xpath("//details/ul/li/*")
    assert [item.text for item in items][:4] == ["Script (.py)", "Notebook (.ipynb)", "Markdown (.md)", "View source"]
    assert items[0].get("href") == "sample.py"


def test_home_page_has_neither(project):
    page = project.page(stem="index", first="x = 1")
    assert with_heading(page, "<h1>Home</h1>", 1, {}, TITLES.get, Site(project.root, (), "")) == "<h1>Home</h1>"


@pytest.mark.parametrize(
    ("days", "torch", "foot"),
    [
        (
            {"docs/tensors/sample.md": 3, "snippets/tensors/sample.py": 26},
            "2.15",
            "Last changed on 26 November 2026, written for torch 2.15.",
        ),
        ({"docs/tensors/sample.md": 3}, "", "Last changed on 3 November 2026."),
        ({"docs/tensors/other.md": 3}, "2.15", "Written for torch 2.15."),
        ({}, "", ""),
    ],
)
def test_foot(project, days, torch, foot):
    page = project.page(first="x = 1")
    dates = {path: datetime.date(2026, 11, day) for path, day in days.items()}
    html = with_foot(page, "<p>Text</p>", {}.get, Site(project.root, (), "", {}, dates, torch))
    assert lxml.html.fromstring(f"<div>{html}</div>").xpath("string(//p[@class='foot'])") == foot


def test_errors_that_a_page_explains(project):
    page = project.page(first="x = 1")
    about = ("troubleshooting/shapes", "Shapes", "adding", "size <a>", "size-a", 3, "block", (), (), "", "")
    entries = Entry(*about, "tensors/sample.md#part"), Entry(*about, "tensors/other.md")
    titles = {"troubleshooting/shapes.md": ("Shapes", "../../troubleshooting/shapes/")}
    html = with_foot(page, "<p>Text</p>", titles.get, Site(project.root, (), "", entries=entries))
    [link] = lxml.html.fromstring(f"<div>{html}</div>").xpath("//p[@class='errors']/a")
    assert (link.text, link.get("href")) == ("size <a>", "../../troubleshooting/shapes/#size-a")
