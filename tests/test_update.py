"""What a page prints each time is recorded where a reader finds it, from whichever machine can print it."""

import pytest

from blocks.outputs.store import output_path, read_outputs, write_outputs
from blocks.outputs.update import Place, update_outputs
from blocks.run.shared.protocol import Result


def passed(**outputs):
    return {name: Result(name, "passed", "", text, (), 0.0, ()) for name, text in outputs.items()}


def recorded(project, page, results, second=None, chosen=None, variant=""):
    place = Place(project.root, variant)
    return update_outputs(page, results, chosen or list(results), place, lambda: second or results)


def test_a_gpu_records_what_only_it_prints_beside_the_rest_and_differences_apart(project):
    page = project.page({"card": "cuda"}, total="print(1)", card="print(2)", place="print(3)")
    write_outputs(page.snippet, {"total": "1\n", "place": "cpu\n"})
    recorded(project, page, passed(total="1\n", card="H100\n", place="cuda\n"), variant="cuda")
    assert read_outputs(page.snippet) == {"total": "1\n", "card": "H100\n", "place": "cpu\n"}
    assert read_outputs(page.snippet, ["cuda"]) == {"total": "1\n", "card": "H100\n", "place": "cuda\n"}


def test_a_cpu_keeps_what_it_cannot_print(project):
    page = project.page({"card": "cuda"}, total="print(1)", card="print(2)")
    write_outputs(page.snippet, {"total": "1\n", "card": "H100\n"})
    recorded(project, page, passed(total="2\n"))
    assert read_outputs(page.snippet) == {"total": "2\n", "card": "H100\n"}
    assert not output_path(page.snippet, "cuda").exists()


@pytest.mark.parametrize(
    ("first", "second", "marks", "refusal"),
    [
        ("0.4963\n", "0.4963\n", None, ""),
        ("0.4963\n", "0.4964\n", None, ""),
        ("0.4963\n", "0.7682\n", None, "block 'only' prints something else each time, such as '0.4963' and '0.7682'"),
        ("{'a', 'b'}\n", "{'b', 'a'}\n", None, "block 'only' prints something else each time"),
        ("took 3 ms\n", "took 5 ms\n", {"only": "varies(reason='time')"}, ""),
        ("loss 0.31\n", "loss 0.33\n", {"only": "tolerance(loss=0.1)"}, ""),
    ],
)
def test_only_what_comes_again_is_recorded(project, first, second, marks, refusal):
    page = project.page(marks, only="pass")
    came = recorded(project, page, passed(only=first), passed(only=second))
    assert came.refusal.startswith(refusal) and bool(came.refusal) == bool(refusal)
    assert list(came.paths) == ([] if refusal else [output_path(page.snippet)])
    assert read_outputs(page.snippet) == ({} if refusal else {"only": first})


def test_why_a_page_fails_when_it_runs_again_is_said(project):
    page = project.page(only="pass")
    again = {"only": Result("only", "failed", "Traceback (most recent call last):\nNameError: name 'x'")}
    came = recorded(project, page, passed(only="1\n"), again)
    assert came.refusal == "block 'only' fails when its page runs again: NameError: name 'x'"


def test_what_agrees_with_its_record_does_not_run_again(project):
    page = project.page(only="pass")
    write_outputs(page.snippet, {"only": "1\n"})
    came = update_outputs(page, passed(only="1\n"), ["only"], Place(project.root), lambda: pytest.fail("ran again"))
    assert (came.paths, came.refusal) == ((), "")


def test_only_the_chosen_blocks_are_recorded(project):
    page = project.page(first="pass", second="pass")
    write_outputs(page.snippet, {"first": "1\n", "second": "2\n"})
    recorded(project, page, passed(first="3\n", second="4\n"), chosen=["second"])
    assert read_outputs(page.snippet) == {"first": "1\n", "second": "4\n"}


@pytest.mark.parametrize(
    ("result", "refusal"),
    [
        (Result("only", "failed", "boom"), "block 'only' failed"),
        (Result("only", "passed", "", "1\n", ("<svg/>",)), "of block 'only', the block draws 1 figures"),
    ],
)
def test_why_nothing_is_recorded(project, result, refusal):
    page = project.page(only="pass")
    assert recorded(project, page, {"only": result}).refusal.startswith(refusal)
    assert read_outputs(page.snippet) == {}
