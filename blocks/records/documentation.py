"""Where the official documentation describes the names that blocks use: `docs/api.json`, written as a record is.

A name is looked up in the installed library. Its address is in `documentation.toml`, under the name as it is used or
under the object's own, such as `torch.nn.parameter.Parameter` for `torch.nn.Parameter`. Otherwise it has none.
"""

import json
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from inspect import isclass, ismodule, isroutine
from pathlib import Path
from typing import Any

from blocks.needs.imports import shorter
from blocks.text_files import write_whole

LIBRARIES = ("torch", "torchvision")
LISTED = Path(__file__).with_suffix(".toml")


def read_addresses(root: Path) -> dict[str, str]:
    """Return the recorded address of each name."""
    path = root / "docs" / "api.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def write_addresses(root: Path, names: Iterable[str]) -> list[str]:
    """Record the addresses of these names; return the functions and classes that have none.

    What is known already stays while it is used, since an older library may lack a name.
    """
    before, found, missing = read_addresses(root), {}, []
    for name in sorted(name for name in names if name.split(".")[0] in LIBRARIES):
        known = next((part for part in shorter(name) if part in before or address(part)), "")
        if known:
            found[known] = address(known) or before[known]
        elif documentable(look_up(name)):
            missing.append(name)
    write_whole(root / "docs" / "api.json", json.dumps(found, indent=1, sort_keys=True) + "\n")
    return missing


def address(name: str) -> str:
    """Return where an installed function or class is described, or ''."""
    thing = look_up(name)
    if not documentable(thing):
        return ""
    own = f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}"
    return listed().get(name) or listed().get(own, "")


def look_up(name: str) -> Any:
    """Return the object of that dotted name, reached through modules and classes only, or None."""
    parts = name.split(".")
    thing: Any = import_module(parts[0]) if find_spec(parts[0]) else None
    for size, part in enumerate(parts[1:], 2):
        if ismodule(thing) and not hasattr(thing, part):
            with suppress(ImportError):
                import_module(".".join(parts[:size]))
        thing = getattr(thing, part, None) if ismodule(thing) or isclass(thing) else None
    return thing


def documentable(thing: Any) -> bool:
    """Tell whether it is a function or a class: modules, dtypes and constants have no description of their own."""
    return isclass(thing) or isroutine(thing)


@cache
def listed() -> dict[str, str]:
    """Return the address of every name in the list."""
    content = tomllib.loads(LISTED.read_text("utf-8"))
    return {
        f"{module}.{name}": place.format(f"{module}.{name}")
        for place, modules in content.items()
        for module, names in modules.items()
        for name in names.split()
    }
