"""MkDocs events: hand each page to `blocks` and take back what the reader sees."""

from functools import cache
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from blocks import heading, record, render
from blocks import page as pages
from blocks.errors import BadInput
from blocks.program import program

ROOT = Path(__file__).parent


def on_pre_build(*, config: MkDocsConfig) -> None:
    site.cache_clear()


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    for script in sorted((ROOT / "snippets" / "tutorials").glob("*.py")):
        files.append(File.generated(config, f"tutorials/{script.stem}.ipynb", abs_src_path=str(script)))
    for path in pages.find_pages(ROOT):
        ours = pages.read_page(path, ROOT)
        if ours.blocks:
            address = ours.snippet.relative_to(ROOT / "snippets").as_posix()
            files.append(File.generated(config, address, content=program(ours)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    return guarded(lambda: render.with_anchors(read(page), markdown))


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    ours, shared, top = read(page), site(config.repo_url), get_relative_url(".", page.url).rstrip("/") + "/"
    others = [file for file in files.documentation_pages() if file.page]
    titles = {file.src_uri: (file.page.title, get_relative_url(file.url, page.url)) for file in others}
    framed = guarded(lambda: render.with_results(ours, html, shared, top))
    return heading.with_heading(ours, framed, heading.minutes(html), page.meta, titles, shared)


def guarded(work) -> str:
    """Return what `work` gives; bad input ends the build with its one line."""
    try:
        return work()
    except BadInput as error:
        raise PluginError(str(error)) from None


def read(page: Page) -> pages.Page:
    """Return our page for theirs."""
    return pages.read_page(Path(page.file.abs_src_path), ROOT)


@cache
def site(repository: str) -> render.Site:
    """Return what every page of this build shares."""
    return render.Site(ROOT, tuple(record.read_records(ROOT / "docs" / "records")), repository.rstrip("/"))
