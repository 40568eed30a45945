"""The templates of what is put into a page, `templates/page/NAME.html`; values are escaped unless they are markup."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

__all__ = ["Markup", "fill"]

FOLDER = Path(__file__).parent / "templates" / "page"


@cache
def environment() -> Environment:
    """Return the environment that reads the templates, each once."""
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def fill(name: str, /, **values: Any) -> str:
    """Return the markup of a template with these values in it."""
    return environment().get_template(f"{name}.html").render(values)
