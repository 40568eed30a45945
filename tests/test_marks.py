"""A comment above a fence is a known mark with all that it must say, or it is refused."""

import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from blocks.errors import BadInput
from blocks.read.marks import Mark, expired, read_mark
from blocks.read.signatures import MARKS

PAGE = Path("docs/page.md")


def test_mark_with_arguments():
    assert read_mark("pytest.mark.raises(ValueError, match='size')", PAGE, 3) == Mark(
        "raises", (ValueError,), {"match": "size"}
    )


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("raises(pickle.UnpicklingError)", "_pickle.UnpicklingError"),
        ("raises(urllib.error.HTTPError)", "urllib.error.HTTPError"),
        ("raises(torch.OutOfMemoryError, match='memory')", "torch.OutOfMemoryError"),
        ("raises(torch.linalg.LinAlgError)", "torch.linalg.LinAlgError"),
        ("warns(torch.jit.TracerWarning)", "torch.jit.TracerWarning"),
    ],
)
def test_exceptions_of_modules_are_named_in_full_and_no_library_is_imported(text, full, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    (kind,) = read_mark(f"pytest.mark.{text}", PAGE, 3).args
    assert f"{kind.__module__}.{kind.__qualname__}" == full


@pytest.mark.parametrize("name", ["cuda", "ends_process", "multi_gpu", "network"])
def test_bare_mark(name):
    assert read_mark(f"pytest.mark.{name}", PAGE, 3) == Mark(name)


def test_condition_is_evaluated():
    mark = read_mark(
        "pytest.mark.skipif(sys.platform == 'nowhere', reason='no such place', until='permanent')", PAGE, 3
    )
    assert mark.args == (sys.platform == "nowhere",)


def test_condition_may_ask_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(__version__="9"))
    mark = read_mark("pytest.mark.skipif(torch.__version__ == '0', reason='too old', until='permanent')", PAGE, 3)
    assert mark.args == (False,)


@pytest.mark.parametrize("name", ["not_in_notebook", "skip", "skipif", "slow", "varies", "xfail"])
@pytest.mark.parametrize("arguments", ["", "()", "(reason='')", "(reason=' ')", "(reason=3)"])
def test_reason_is_required(name, arguments):
    with pytest.raises(BadInput) as caught:
        read_mark(f"pytest.mark.{name}{arguments}", PAGE, 3)
    assert str(caught.value) == f"docs/page.md:3: mark '{name}' without reason. Write {name}(reason=\"...\")."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pytest.mark.skpi(reason='x')", "unknown mark"),
        ("pytest.mark.raise(ValueError)", "unknown mark"),
        ("pytest.mark.cuda() == 1", "cannot be read: it is no mark"),
        ("pytest.mark.parametrize('x', [1])", "unknown mark"),
        ("pytest.mark", "unknown mark"),
        ("pytest.mark.skip(reason='x'", "cannot be read"),
        ("pytest.mark.raises(NoSuchError)", "mark 'raises' needs a class of exceptions"),
        ("pytest.mark.raises(pickle.NoSuchError)", "cannot be read: module 'pickle' has no attribute 'NoSuchError'"),
        ("pytest.mark.skipif(pickle, reason='x', until='permanent')", "cannot be read: name 'pickle' is not defined"),
        ("pytest.mark.needs", "mark 'needs' takes the names of blocks"),
        ("pytest.mark.needs(1)", "mark 'needs' takes the names of blocks"),
        ("pytest.mark.figure(alt='')", "mark 'figure' without alt"),
    ],
)
def test_mark_that_is_refused(text, problem):
    with pytest.raises(BadInput, match=f"^docs/page.md:3: .*{problem}"):
        read_mark(text, PAGE, 3)


@pytest.mark.parametrize(
    "text",
    [
        "pytest.mark.raises('ValueError')",
        "pytest.mark.raises(3)",
        "pytest.mark.raises(ValueError, pattern='size')",
        "pytest.mark.raises(ValueError, match='(')",
        "pytest.mark.warns(ValueError)",
        "pytest.mark.skip(reason='x', until='soon')",
        "pytest.mark.skip(reason='x', until='2026-11-23')",
        "pytest.mark.skipif(reason='x', until='permanent')",
        "pytest.mark.cuda(2)",
        "pytest.mark.ends_process('SIGSEGV')",
        "pytest.mark.ends_process(match='(')",
        "pytest.mark.file",
        "pytest.mark.file('folder/train.py')",
        "pytest.mark.slow(reason='compiles')",
        "pytest.mark.slow('long', reason='compiles')",
        "pytest.mark.tolerance",
        "pytest.mark.tolerance('2%')",
        "pytest.mark.tolerance(0.1, 0.2)",
        "pytest.mark.tolerance(loss=-1)",
        "pytest.mark.torch",
        "pytest.mark.torch('new')",
    ],
)
def test_arguments_that_mean_nothing_are_refused(text):
    """Each would be ignored, or end the run in a traceback that names no page."""
    with pytest.raises(BadInput, match=r"^docs/page.md:3: "):
        read_mark(text, PAGE, 3)


def test_every_known_mark_says_what_it_means():
    assert all(mark.__doc__ for mark in MARKS.values())
    assert list(MARKS) == sorted(MARKS)


@pytest.mark.parametrize("name", ["skip", "skipif", "xfail"])
def test_leaving_out_ends_some_day_or_says_it_does_not(name):
    with pytest.raises(BadInput, match=rf"^docs/page.md:3: mark '{name}' without until"):
        read_mark(f"pytest.mark.{name}(reason='x')", PAGE, 3)


@pytest.mark.parametrize(
    ("until", "fault"),
    [
        ("permanent", ""),
        ("2027-05-01", ""),
        ("2027-04-30", "expired on 2027-04-30: mend the block, or say why it needs longer"),
        ("May", "has until='May', neither a date such as 2027-05-01 nor 'permanent'"),
    ],
)
def test_last_day(until, fault):
    assert expired(Mark("skip", (), {"reason": "x", "until": until}), date(2027, 5, 1)) == fault
