"""MkDocs events: hand each page to the guide and take back what the reader sees."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from blocks.errors import BadInput
from blocks.guide import Guide

ROOT = Path(__file__).parent


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    try:
        config.extra["guide"] = guide = Guide(ROOT, config.repo_url)
        for script in guide.tutorials():
            files.append(File.generated(config, f"tutorials/{script.stem}.ipynb", abs_src_path=str(script)))
        for address, text in guide.programs():
            files.append(File.generated(config, address, content=text))
    except BadInput as error:
        raise PluginError(str(error)) from None
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    try:
        return config.extra["guide"].markdown(Path(page.file.abs_src_path), markdown)
    except BadInput as error:
        raise PluginError(str(error)) from None


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    others = [file for file in files.documentation_pages() if file.page]
    titles = {file.src_uri: (file.page.title, get_relative_url(file.url, page.url)) for file in others}
    top = get_relative_url(".", page.url).rstrip("/") + "/"
    try:
        return config.extra["guide"].html(Path(page.file.abs_src_path), html, page.meta, titles, top)
    except BadInput as error:
        raise PluginError(str(error)) from None
