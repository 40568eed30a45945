"""A page and its snippet make one program, or the contributor reads one line that says where and what to do."""

from pathlib import Path

import pytest

from blocks.errors import BadInput
from blocks.read.page import read_page
from blocks.read.paths import find_pages

SAMPLES = sorted(path for path in (Path(__file__).parent / "samples").iterdir() if path.is_dir())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_sample_is_refused(sample):
    with pytest.raises(BadInput) as caught:
        for path in find_pages(sample):
            read_page(path, sample)
    assert str(caught.value).replace(f"{sample}/", "") == (sample / "expected.txt").read_text().rstrip("\n")


def test_blocks_in_page_order(project):
    page = project.page(marks={"show": "network"}, setup="x = 1", show="print(x)\nprint(-x)")
    setup, show = page.blocks
    assert (setup.name, setup.kind, setup.code, setup.page_line, setup.line) == ("setup", "python", "x = 1\n", 3, 4)
    assert (show.name, show.code, show.page_line, show.line) == ("show", "print(x)\nprint(-x)\n", 8, 9)
    assert [mark.name for mark in show.marks] == ["network"]
    assert page["show"] is show
    assert page.codes == {"setup": "x = 1\n", "show": "print(x)\nprint(-x)\n"}
    assert (page.key, show.needs, page.program(show)) == ("tensors/sample", ("setup",), [setup, show])


def test_page_without_code(project):
    page = read_page(project.write("docs/about.md", "# About\n\n```text\nnot code\n```\n"), project.root)
    assert page.blocks == ()


def test_windows_line_ends(project):
    unix = project.page(first="x = 1\nprint(x)")
    for path in (unix.path, unix.snippet):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_page(unix.path, project.root) == unix


def test_snippet_that_is_not_utf8(project):
    page = project.page(first="x = 1")
    page.snippet.write_bytes(page.snippet.read_bytes() + b"# na\xefve\n")
    with pytest.raises(BadInput, match=r"sample.py:6: not UTF-8. Save the file as UTF-8.$"):
        read_page(page.path, project.root)


def test_code_below_a_main_guard_is_dedented(project):
    guarded = 'if __name__ == "__main__":\n    # --8<-- [start:launch]\n    for x in [1]:\n        print(x)\n'
    snippet = project.write("snippets/a/b.py", guarded + "    # --8<-- [end:launch]\n")
    text = '```python\n--8<-- "a/b.py:launch"\n```\n'
    [block] = read_page(project.write("docs/a/b.md", text), project.root).blocks
    assert block.code == "for x in [1]:\n    print(x)\n"
    assert snippet.read_text().splitlines()[block.line - 1].strip() == "for x in [1]:"


def test_shell_fence_is_a_block_of_its_own(project):
    text = "# Shell\n\n```bash\ntrue\n```\n\n```console\n$ not run\n```\n\n```sh\nfalse\n```\n"
    page = read_page(project.write("docs/shell.md", text), project.root)
    assert [(b.name, b.kind, b.code, b.line) for b in page.blocks] == [
        ("shell-a", "bash", "true\n", 4),
        ("shell-b", "bash", "false\n", 12),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "pip install torch",
        "pip3 install -r requirements.txt",
        "python -m pip install torch",
        "uv pip install torch",
        "conda install pytorch",
        "sudo apt-get install -y g++",
        "brew install libomp",
        "curl -O https://example.org/x",
        "wget https://example.org/x",
        "git clone https://example.org/x",
    ],
)
def test_shell_fence_that_would_install_or_download_is_skipped(project, line):
    [block] = read_page(project.write("docs/install.md", f"```bash\ntrue\n{line}\n```\n"), project.root).blocks
    assert block.mark("skip").kwargs == {"reason": "it would install or download", "until": "permanent"}


@pytest.mark.parametrize("line", ["echo pip", "python -c 'print(1)'", "nvidia-smi", "python -m pip list"])
def test_shell_fence_that_only_looks_is_run(project, line):
    [block] = read_page(project.write("docs/look.md", f"```bash\n{line}\n```\n"), project.root).blocks
    assert block.mark("skip") is None


def test_pages_are_found_sorted(project):
    project.write("docs/index.md", "")
    project.write("docs/tensors/views.md", "")
    project.write("docs/assets/readme.md", "")
    project.write("snippets/tutorials/first.py", "")
    found = [path.relative_to(project.root).as_posix() for path in find_pages(project.root)]
    assert found == ["docs/index.md", "docs/tensors/views.md", "snippets/tutorials/first.py"]
