"""A small project on disk for each test, and one way to run its blocks."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import settings
from markdown import Markdown
from mkdocs.config import load_config

from blocks.read.page import Block, Page, read_page
from blocks.run.runner import Limits, Runner
from blocks.run.shared.protocol import Result

collect_ignore = ["samples"]
STEM = "tensors/sample"

settings.register_profile("check", deadline=None, derandomize=True, database=None, max_examples=100)
settings.register_profile("search", deadline=None, max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "check"))


@dataclass(frozen=True)
class Project:
    """A folder with pages and snippets."""

    root: Path
    """Holds `docs` and `snippets`."""

    def write(self, path: str, text: str) -> Path:
        """Write a file as it stands and return its path."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
        return target

    def snippet(self, blocks: dict[str, str], stem: str = STEM) -> Path:
        """Write a snippet with these regions; an underscore in a name stands for a hyphen."""
        regions = [
            f"# --8<-- [start:{hyphened(name)}]\n{dedent(code).strip(chr(10))}\n# --8<-- [end:{hyphened(name)}]\n"
            for name, code in blocks.items()
        ]
        return self.write(f"snippets/{stem}.py", '"""A sample."""\n\n' + "\n\n".join(regions))

    def page(self, marks: dict[str, str] | None = None, stem: str = STEM, **blocks: str) -> Page:
        """Write a page that shows these blocks with these marks, and return it."""
        self.snippet(blocks, stem)
        fences = [
            f"<!--pytest.mark.{(marks or {})[name]}-->\n{fence(name, stem)}"
            if name in (marks or {})
            else fence(name, stem)
            for name in blocks
        ]
        return read_page(self.write(f"docs/{stem}.md", "# Sample\n\n" + "\n".join(fences)), self.root)


def copy_settings(folder: Path, scripts: bool = False) -> None:
    """Give a project this one's settings, and the plugin; its pages' scripts, which take a new Python, if asked for."""
    here = Path(__file__).parents[1]
    settings = (here / "pyproject.toml").read_text("utf-8")
    own = f"[tool.pytest.ini_options]\npage_scripts = {str(scripts).lower()}\n"
    Path(folder, "pyproject.toml").write_text(settings.replace("[tool.pytest.ini_options]\n", own), "utf-8")
    Path(folder, "conftest.py").write_bytes((here / "conftest.py").read_bytes())


def hyphened(name: str) -> str:
    """Return a keyword as the name of a region."""
    return name.replace("_", "-")


def fence(name: str, stem: str = STEM) -> str:
    """Return the fence that shows a region."""
    return f'```python\n--8<-- "{stem}.py:{hyphened(name)}"\n```\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="session")
def start() -> Callable[..., Runner]:
    """Return what makes a runner, of 20 seconds a block; all runners share one fork server, which runs by then."""
    here = Path(__file__)
    imports = Block("imports", "python", "import torch, torchvision, matplotlib.pyplot\n", 1, here, 1)
    page = Page(here, here, (imports,))
    Runner().preload(imports.code)
    assert [result.reason for result in Runner().run(page, [imports])] == [""]
    return lambda **limits: Runner(limits=Limits(**{"seconds": 20.0} | limits))


@pytest.fixture
def run(project: Project, start: Callable[..., Runner]) -> Callable[..., list[Result]]:
    """Return what writes a page of these blocks, runs it and gives its results."""

    def run(marks: dict[str, str] | None = None, limits: dict[str, float] | None = None, **blocks: str) -> list[Result]:
        page = project.page(marks, **blocks)
        return list(start(**limits or {}).run(page, list(page.blocks)))

    return run


@pytest.fixture(scope="session")
def to_html() -> Callable[[Path, str], str]:
    """Return what turns Markdown into HTML as the site does, with the snippets of a project."""
    config = load_config(str(Path(__file__).parents[1] / "mkdocs.yml"))

    def to_html(root: Path, text: str) -> str:
        options = config.mdx_configs
        return Markdown(extensions=list(config.markdown_extensions), extension_configs=options).convert(text)

    return to_html
