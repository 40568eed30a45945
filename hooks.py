"""MkDocs events: hand each page to the guide and take back what the reader sees."""

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url
from mkdocs_jupyter.config import settings as jupyter_settings

from blocks.errors import BadInput
from blocks.read.front import front_matter
from blocks.render.cards import card
from blocks.render.guide import Guide
from blocks.render.llms_txt import write_files
from blocks.render.page_facts import Title
from blocks.render.search import asked_words, place, searched

ROOT = Path(__file__).parent


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    jupyter_settings.templates_dir = str(ROOT / "blocks" / "render" / "templates")
    if not config.use_directory_urls:  # to be read from disk: no request of a script's own, search in a frame
        config.theme["features"].remove("navigation.instant")
        config.extra["polyfills"] = ["assets/js/vendor/iframe-worker.js"]
    return config


@event_priority(100)  # before mkdocs-jupyter looks for notebooks
def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    try:
        config.extra["cards"] = {}
        config.extra["guide"] = known = Guide(ROOT, config.repo_url or "", config.use_directory_urls)
        for script in known.tutorials():
            place = str(ROOT / "snippets"), config.site_dir, config.use_directory_urls
            files.append(File(f"tutorials/{script.name}", *place))
    except BadInput as error:
        raise PluginError(str(error)) from None
    return files


@event_priority(100)  # before the theme's search writes its index
def on_post_build(*, config: MkDocsConfig) -> None:
    search: Any = config.plugins["material/search"]
    messages, asked = guide(config).messages(), asked_words()
    for entry in search.search_index.entries:
        entry["text"] = searched(entry["text"], asked.get(place(entry["location"]), ""))
        if entry["location"] in messages:
            entry["messages"] = messages[entry["location"]]
    cards = {address: card(*words, config.site_name) for address, words in config.extra["cards"].items()}
    address, description = config.site_url or "", config.site_description or ""
    write_files(guide(config), Path(config.site_dir), address, description, cards)


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    try:
        page.meta.update(front_matter(source(page), markdown))  # MkDocs has read that of a Markdown file
        return guide(config).markdown(source(page), markdown, page.meta)
    except BadInput as error:
        raise PluginError(str(error)) from None


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    if config.use_directory_urls:  # a page on a disk is not shared
        section = "" if page.is_homepage else page.parent.title if page.parent else ""
        address = f"assets/cards/{Path(page.file.src_uri).with_suffix('.png').as_posix()}"
        config.extra["cards"][address] = (config.site_name if page.is_homepage else page.title, section)
    try:
        return guide(config).html(source(page), html, page.meta, *places(page, files))
    except BadInput as error:
        raise PluginError(str(error)) from None


def guide(config: MkDocsConfig) -> Guide:
    """Return what the pages are handed to."""
    known: Guide = config.extra["guide"]
    return known


def source(page: Page) -> Path:
    """Return the file that a page is made from."""
    return Path(page.file.abs_src_path or "")


def places(page: Page, files: Files) -> tuple[Title, str]:
    """Return what finds title and address of another page, and the way from this page to the site's root."""

    def title(source: str) -> tuple[str, str] | None:
        file = files.get_file_from_path(source)
        return (file.page.title, get_relative_url(file.url, page.url)) if file and file.page else None

    return title, get_relative_url(".", page.url).rstrip("/") + "/"
