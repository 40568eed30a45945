"""What a page prints is recorded where a reader finds it, from whichever machine can print it."""

from blocks.record.outputs import output_path, read_outputs, write_outputs
from blocks.record.rerecord import rerecord
from blocks.run.messages import Result


def passed(**outputs):
    return {name: Result(name, "passed", "", text, (), 0.0, ()) for name, text in outputs.items()}


def test_a_gpu_records_what_only_it_prints_beside_the_rest_and_differences_apart(project):
    page = project.page({"card": "cuda"}, total="print(1)", card="print(2)", place="print(3)")
    write_outputs(page.snippet, {"total": "1\n", "place": "cpu\n"})
    rerecord(page, passed(total="1\n", card="H100\n", place="cuda\n"), True, project.root, "cuda")
    assert read_outputs(page.snippet) == {"total": "1\n", "card": "H100\n", "place": "cpu\n"}
    assert read_outputs(page.snippet, ["cuda"]) == {"total": "1\n", "card": "H100\n", "place": "cuda\n"}


def test_a_cpu_keeps_what_it_cannot_print(project):
    page = project.page({"card": "cuda"}, total="print(1)", card="print(2)")
    write_outputs(page.snippet, {"total": "1\n", "card": "H100\n"})
    rerecord(page, passed(total="2\n"), True, project.root)
    assert read_outputs(page.snippet) == {"total": "2\n", "card": "H100\n"}
    assert not output_path(page.snippet, "cuda").exists()
