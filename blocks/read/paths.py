"""Which files belong together: `docs/x.md` and `snippets/x.py`, or the script of a tutorial, which is both."""

from pathlib import Path

from blocks.read.tutorial import is_tutorial


def is_page(path: Path, root: Path) -> bool:
    """Tell whether the file is a page of the project at `root`."""
    return (path.suffix == ".md" and path.is_relative_to(root / "docs")) or is_tutorial(path)


def snippet_path(path: Path, root: Path) -> Path:
    """Return the snippet of a page."""
    return path if is_tutorial(path) else root / "snippets" / path.relative_to(root / "docs").with_suffix(".py")


def find_pages(root: Path) -> list[Path]:
    """Return every page and tutorial below the project's root, sorted."""
    pages = [path for path in (root / "docs").rglob("*.md") if "assets" not in path.parts]
    return sorted(pages) + sorted((root / "snippets" / "tutorials").glob("*.py"))


def figures_folder(snippet: Path, root: Path) -> Path:
    """Return the folder that holds the recorded pictures of a page."""
    return root / "docs" / "assets" / "figures" / snippet.relative_to(root / "snippets").with_suffix("")
