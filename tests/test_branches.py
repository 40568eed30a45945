"""Copies of a page that begin alike share what they begin with, and find what they would find by themselves."""

import sys

import pytest

from blocks.run.job import beginnings
from tests.test_run import FAULTS, HARMLESS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes fork on Linux only")
SETUP = "import os, tempfile\nnote = os.path.join(tempfile.gettempdir(), 'times')\nopen(note, 'a').write('1')"
LOOK = "print(os.listdir(), open(note).read(), value)"
PROGRAMS = [("setup", "first"), ("setup", "value", "second"), ("setup", "value", "third")]
LIMITS = {"seconds": 1.0, "memory": 2**30}


def together(project, start, first, **blocks):
    """Return the results of three copies, of which the first only shares its setup with the others."""
    page = project.page(setup=SETUP, first=first, value="value = 7", second=LOOK, third=LOOK, **blocks)
    return dict(start(**LIMITS).run_together(page, PROGRAMS))


def test_every_beginning_comes_once_and_before_what_goes_on_from_it():
    assert beginnings([("a", "b"), ("a", "c", "d"), ("a", "c"), ("e",)]) == [
        ("a",),
        ("a", "b"),
        ("a", "c"),
        ("a", "c", "d"),
        ("e",),
    ]


def test_what_programs_share_runs_once(project, start):
    found = together(project, start, "print(1)")
    assert list(found) == beginnings(PROGRAMS)
    assert found[PROGRAMS[2]].output == "[] 1 7\n"


def test_programs_that_share_nothing_run_too(project, start):
    page = project.page(first="print(1)", second="print(2)", third="print(3)")
    programs = [("first",), ("first", "third"), ("second",)]
    found = {names: result.output for names, result in start().run_together(page, programs)}
    assert found == {("first",): "1\n", ("first", "third"): "3\n", ("second",): "2\n"}


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_copy_finds_nothing_of_another(project, start, kind):
    found = together(project, start, HARMLESS[kind])
    assert [found[names].output for names in PROGRAMS[1:] if names in found] == ["[] 1 7\n"] * 2


@pytest.mark.parametrize("kind", FAULTS)
def test_a_copy_that_fails_is_left_to_run_by_itself(project, start, kind):
    found = together(project, start, FAULTS[kind][0])
    assert PROGRAMS[0] not in found


def test_files_are_as_they_were_where_programs_part(project, start):
    first = "open(note, 'w').close(); os.remove(note); os.mkdir('left'); open('left/file', 'w').close()"
    assert together(project, start, first)[PROGRAMS[1]].output == "[] 1 7\n"


def test_a_process_with_threads_or_children_is_not_forked(project, start):
    threads = "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()"
    page = project.page(setup=f"{SETUP}\n{threads}", first="print(1)", value="value = 7", second=LOOK, third=LOOK)
    found = dict(start().run_together(page, PROGRAMS))
    assert found.keys() == {("setup",), ("setup", "value"), PROGRAMS[2]}
