"""The front matter of a page: YAML between two lines of `---` at its top; a tutorial has it as comments."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from blocks.errors import BadInput

FRONT = re.compile(r"\A(?P<comment>(?:# )?)---\n(?P<yaml>.*?\n)(?P=comment)---\n", re.DOTALL)


def front_matter(path: Path, text: str) -> dict[str, Any]:
    """Return what the front matter of a page says, nothing if there is none."""
    found = FRONT.match(text)
    if not found:
        return {}
    try:
        content = yaml.safe_load(re.sub(rf"^{found['comment']}", "", found["yaml"], flags=re.MULTILINE)) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        raise BadInput(path, line, "the front matter is no YAML", "Quote a text with ': ' in it") from None
    if not isinstance(content, dict):
        raise BadInput(path, 1, "the front matter names nothing", "Write 'name: value' lines")
    return content


def names(path: Path, front: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the names that the front matter of a page lists under a key."""
    named = front.get(key, [])
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise BadInput(path, 1, f"'{key}' in the front matter is no list of names", f"Write {key}: [name, name]")
    return tuple(named)


def without_front(text: str) -> str:
    """Return the text of a page from its first line below the front matter on."""
    found = FRONT.match(text)
    return text[found.end() :].lstrip("\n") if found else text
