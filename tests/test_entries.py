"""An entry has a message that a run produced, a cause, a fix that ran and a lesson; so has each of the guide."""

from pathlib import Path

import pytest

from blocks.errors import BadInput
from blocks.outputs.entries import read_entries
from blocks.read.page import read_page
from blocks.read.paths import find_pages

ROOT = Path(__file__).parents[1]
STEM = "troubleshooting/sample"
FENCE = '```python\n--8<-- "troubleshooting/sample.py:{}"\n```\n\n'
CAUSE, FIX, LESSON = "**Cause.** It is\nso.\n\n", "**Fix.** Do `this`.\n\n", "**Lesson.** [A](../tensors/views.md#b).\n"
OLDER = "**Older wordings.** `bad value`; ``a `b` c``.\n\n"
TEXT = "```text\nOMP: Error #15\n```\n\n"
BLOCKS = {"bad": "raise ValueError('bad')", "bad_fixed": "print('good')"}
PRINTED = "# --8<-- [start:bad]\nValueError: bad\n# --8<-- [end:bad]\n"


@pytest.fixture
def entries(project):
    """Return what reads the entries of a page whose one section holds these parts."""

    def entries(*parts, blocks=BLOCKS, printed=PRINTED, front="doing: adding\n"):
        if blocks:
            project.snippet(blocks, STEM)
            project.write(f"snippets/{STEM}.out", printed)
        path = project.write(f"docs/{STEM}.md", f"---\n{front}---\n\n# Sums\n\n## Bad\n\n{''.join(parts)}")
        return read_entries([read_page(path, project.root)])

    return entries


def bad(mark=""):
    return mark + FENCE.format("bad")


FIXED = FENCE.format("bad-fixed")


def test_an_entry(entries):
    [entry] = entries(bad(), CAUSE, FIX, FIXED, OLDER, LESSON, "\n## Next\n\n- [B](b.md)\n")
    assert (entry.place, entry.group, entry.doing, entry.heading) == (f"{STEM}.md#bad", "Sums", "adding", "Bad")
    assert (entry.messages, entry.older) == (("ValueError: bad",), ("bad value", "a `b` c"))
    assert (entry.cause, entry.fix, entry.lesson) == ("It is so.", "Do `this`.", "tensors/views.md#b")
    assert (entry.block, entry.line) == ("bad", 7)


def test_a_message_that_is_not_provoked(entries):
    [entry] = entries(TEXT, CAUSE, FIX, LESSON, blocks={})
    assert (entry.messages, entry.block) == (("OMP: Error #15",), "")


def test_what_a_gpu_has_not_yet_said(entries):
    [entry] = entries(bad("<!--pytest.mark.cuda-->\n"), CAUSE, FIX, FIXED, LESSON, printed="")
    assert entry.messages == ()


def test_other_pages_have_none(entries):
    assert entries(bad(), FIXED, front="title: x\n") == []


@pytest.mark.parametrize(
    ("parts", "printed", "problem"),
    [
        ((CAUSE, FIX, LESSON), None, "has no message"),
        ((bad(), CAUSE, FIX, FIXED, LESSON), "", "'bad' has printed no message"),
        ((bad(), FIX, FIXED, LESSON), PRINTED, "has no cause"),
        ((bad(), CAUSE, FIXED, LESSON), PRINTED, "has no fix"),
        ((bad(), CAUSE, FIX, LESSON), PRINTED, "has no fix that ran"),
        ((bad(), CAUSE, FIX, FIXED), PRINTED, "has no lesson"),
        ((bad(), CAUSE, FIX, FIXED, "**Lesson.** None.\n"), PRINTED, "has a lesson without a link"),
    ],
)
def test_what_lacks_a_part_is_refused(entries, parts, printed, problem):
    blocks = {name: code for name, code in BLOCKS.items() if name.replace("_", "-") + '"' in "".join(parts)}
    with pytest.raises(BadInput, match=rf"sample\.md:7: the entry 'Bad' {problem}"):
        entries(*parts, blocks=blocks if printed is not None else {}, printed=printed or "")


def test_every_entry_of_the_guide():
    pages = [read_page(path, ROOT) for path in find_pages(ROOT)]
    entries = read_entries(pages)
    headings = [entry.heading for entry in entries]
    assert {heading for heading in headings if headings.count(heading) > 1} == set()
    by_key = {page.key: page for page in pages}
    unsaid = [entry.place for entry in entries if not entry.messages]
    on_gpus = [e.place for e in entries if e.block and by_key[e.page][e.block].mark("cuda")]
    assert set(unsaid) <= set(on_gpus)
    lost = {entry.lesson for entry in entries if entry.lesson.partition("#")[0].rsplit(".", 1)[0] not in by_key}
    assert lost == set()
