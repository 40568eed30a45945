"""The shape of the project: what may import what, how long things are, which files belong together."""

import ast
import re
import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

from blocks.outputs.store import output_path, read_outputs
from blocks.read.page import read_page
from blocks.read.paths import figures_folder, find_pages, snippet_path
from blocks.read.regions import read_regions

ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "blocks").rglob("*.py"))
ROOMS = ("errors", "text_files", "needs", "read", "run", "outputs", "records", "render", "commands")
REACHES = {"shared": {"shared"}, "child": {"shared", "child"}}  # what each process of a run may import of run/
TOOLING = [*CORE, *sorted((ROOT / "plugin").glob("*.py")), ROOT / "hooks.py", ROOT / "preview.py"]
PAGES = find_pages(ROOT)
SNIPPETS = sorted((ROOT / "snippets").rglob("*.py"))
MOST_LINES = 150
MOST_LINES_IN_FUNCTION = 30


def named(path):
    return path.relative_to(ROOT).as_posix()


def imported_at_module_level(path):
    """Return the top-level packages that importing the file imports by itself."""
    nodes = list(ast.parse(path.read_text("utf-8")).body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            nodes += ast.iter_child_nodes(node)


@pytest.mark.parametrize("path", CORE, ids=named)
def test_core_imports_no_host(path):
    hosts = {"_pytest", "hooks", "mkdocs", "pytest", "tests", "torch", "torchvision"}
    assert not hosts & set(imported_at_module_level(path))


def used_of(path, package):
    """Return what the file imports below a package: names of its folders and files."""
    imports = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    full = [f"{node.module}.{alias.name}" for node in imports for alias in node.names]
    return {name.removeprefix(f"{package}.").split(".")[0] for name in full if name.startswith(f"{package}.")}


@pytest.mark.parametrize("path", [path for path in CORE if path.name != "__main__.py"], ids=named)
def test_imports_lead_from_later_rooms_to_earlier_ones(path):
    """The way of the data, page to run to outputs to records to reader, is the order of the folders."""
    room = path.relative_to(ROOT / "blocks").with_suffix("").parts[0]
    assert room == "__init__" or used_of(path, "blocks") <= set(ROOMS[: ROOMS.index(room) + 1])


@pytest.mark.parametrize("path", [path for path in CORE if path.parent.name in REACHES], ids=named)
def test_folder_of_run_tells_the_process(path):
    assert used_of(path, "blocks.run") <= REACHES[path.parent.name]


def test_building_the_site_does_not_import_torch():
    code = "import hooks, sys; sys.exit(' '.join({'matplotlib', 'torch'} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", TOOLING, ids=named)
def test_file_is_short(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= MOST_LINES


@pytest.mark.parametrize("path", TOOLING, ids=named)
def test_functions_are_short(path):
    functions = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES_IN_FUNCTION} == {}


def orphans(root):
    """Yield each snippet, output and picture that belongs to no page."""
    snippets = {path for page in find_pages(root) if (path := snippet_path(page, root)).exists()}
    for path in sorted((root / "snippets").rglob("*")):
        if path.suffix in (".py", ".out") and path.with_name(path.name.split(".")[0] + ".py") not in snippets:
            yield path.relative_to(root).as_posix()
    folders = {figures_folder(snippet, root) for snippet in snippets}
    for path in sorted((root / "docs/assets/figures").rglob("*.svg")):
        if path.parent not in folders:
            yield path.relative_to(root).as_posix()


def test_every_snippet_output_and_picture_has_its_page():
    assert list(orphans(ROOT)) == []


@pytest.mark.parametrize(
    "path",
    ["snippets/a/gone.py", "snippets/a/gone.out", "snippets/a/gone.cuda.out", "docs/assets/figures/a/gone/x.svg"],
)
def test_what_no_page_shows_is_found(project, path):
    project.page(stem="a/here", only="x = 1")
    for suffix in (".out", ".cuda.out"):
        project.write(f"snippets/a/here{suffix}", "")
    project.write("docs/assets/figures/a/here/x.svg", "")
    project.write(path, "")
    assert list(orphans(project.root)) == [path]


def test_every_snippet_is_run():
    assert {read_page(path, ROOT).snippet for path in PAGES if read_page(path, ROOT).blocks} >= set(SNIPPETS)


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_recorded_output_is_shown(path):
    page = read_page(path, ROOT)
    recorded = read_outputs(page.snippet)
    assert list(recorded) == [block.name for block in page.blocks if block.name in recorded]
    assert not output_path(page.snippet).exists() or recorded


@pytest.mark.parametrize("path", sorted((ROOT / "snippets").rglob("*.*.out")), ids=named)
def test_variant_of_an_output_holds_only_what_differs(path):
    snippet = path.with_name(path.name.split(".")[0] + ".py")
    variant = path.name[len(snippet.stem) + 1 : -len(".out")]
    shown, own = read_outputs(snippet), {region.name: region.text for region in read_regions(path).values()}
    assert re.fullmatch(r"cuda|before-\d+\.\d+", variant)
    assert own and own.keys() <= shown.keys()
    assert {name for name, text in own.items() if text == shown[name]} == set()


@pytest.mark.parametrize("path", SNIPPETS, ids=named)
def test_snippet_shadows_no_module(path):
    """A snippet run as a script has its own folder first on the import path."""
    elsewhere = [entry for entry in sys.path if Path(entry).resolve() != ROOT]
    assert path.stem not in sys.stdlib_module_names
    assert "-" in path.stem or PathFinder.find_spec(path.stem, elsewhere) is None


def test_readme_names_every_file_of_the_tooling():
    tree = (ROOT / "README.md").read_text("utf-8")
    files = [path.name for path in CORE if path.name not in ("__init__.py", "__main__.py")]
    assert [name for name in files if f" {name} " not in tree] == []
