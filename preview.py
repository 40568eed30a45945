"""`mkdocs serve`: after an edit only the pages that show it are built again, into the site as it stands.

Any other change (a record, a title, a style sheet, a new file, the tooling) builds the whole site.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment
from mkdocs.commands.build import _build_page, _populate_page
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, BuildError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from blocks.errors import BadInput
from hooks import guide, source

ROOT = Path(__file__).parent
FIGURES = ROOT / "docs" / "assets" / "figures"
FROM_ALL_PAGES = re.compile(r"<!-- \w+ -->")  # `<!-- totals -->` and the like
SITE: dict[str, Any] = {}  # what the last whole build leaves: its configuration, files, navigation and templates


def on_nav(nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:
    SITE["nav"] = nav
    return nav


def on_env(env: Environment, *, config: MkDocsConfig, files: Files) -> Environment:
    SITE.update(env=env, config=config, files=files)
    return env


def on_serve(server: LiveReloadServer, *, config: MkDocsConfig, builder: Callable[[], None]) -> LiveReloadServer:
    seen, whole = stamps(), True

    def rebuild() -> None:
        nonlocal seen, whole
        now = stamps()
        changed = {path for path in now.keys() | seen.keys() if now.get(path) != seen.get(path)}
        partial = whole and now.keys() == seen.keys()
        if not (partial and build_pages(pages_showing(changed))):
            whole = False
            builder()
        seen, whole = now, True

    server.builder = rebuild
    return server


def stamps() -> dict[Path, tuple[int, int]]:
    """Return time and size of every file that the site is made from."""
    folders = (ROOT / name for name in ("docs", "snippets", "blocks"))
    paths = [path for folder in folders for path in folder.rglob("*") if "__pycache__" not in path.parts]
    every = [*paths, *ROOT.glob("*.py"), *ROOT.glob("*.yml")]
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in every if path.is_file()}


def page_of(path: Path) -> str:
    """Return section and stem of the page that shows a file, or '' if the file may reach further."""
    if path.is_relative_to(FIGURES):
        return path.parent.relative_to(FIGURES).as_posix()
    folder = {".md": ROOT / "docs", ".py": ROOT / "snippets", ".out": ROOT / "snippets"}.get(path.suffix)
    if folder is None or not path.is_relative_to(folder):
        return ""
    return path.with_name(path.name.split(".")[0]).relative_to(folder).as_posix()


def pages_showing(changed: Iterable[Path]) -> list[Page]:
    """Return the pages that show these files, and those that sum up all pages; none if a change reaches further."""
    files: Files = SITE["files"]
    known = {page_of(source(file.page)): file.page for file in files.documentation_pages() if file.page}
    keys = {page_of(path) for path in changed}
    if not keys or not keys <= known.keys():
        return []
    sums = {key for key, page in known.items() if FROM_ALL_PAGES.search(page.file.content_string)}
    return [page for key, page in known.items() if key in keys | sums]


def build_pages(pages: list[Page]) -> bool:
    """Build these pages again; tell whether that is enough, or other pages show something of them that changed."""
    config, files = SITE["config"], SITE["files"]
    index = config.plugins["material/search"].search_index
    before = [(page.title, page.meta) for page in pages]
    try:
        for page in pages:
            guide(config).read_again(source(page))
            _populate_page(page, config, files)
        if not pages or before != [(page.title, page.meta) for page in pages]:
            return False
        urls = {page.url for page in pages}
        index.entries = [entry for entry in index.entries if entry["location"].partition("#")[0] not in urls]
        every = files.documentation_pages()
        for page in pages:
            _build_page(page, config, every, SITE["nav"], SITE["env"])
        files.copy_static_files(dirty=True)
        for file in every:
            file.page.validate_anchor_links(files=files, log_level=config.validation.links.anchors)
        config.plugins.on_post_build(config=config)
    except (BadInput, BuildError) as error:
        get_plugin_logger("preview").error(str(error))
        raise Abort("Aborted with a BuildError!") from None
    return True
