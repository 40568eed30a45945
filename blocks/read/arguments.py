"""What may stand between the parentheses of a mark."""

import builtins
import re
import sys
from importlib import import_module
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet


class Libraries(dict[str, Any]):
    """Names in a comment; where it names exceptions or warnings of a `kind`, also modules, none of which is imported
    but those of Python itself: `pickle.UnpicklingError`, `torch.OutOfMemoryError`."""

    def __init__(self, known: dict[str, Any], kind: type[BaseException] | None) -> None:
        super().__init__(known)
        self.kind = kind

    def __missing__(self, name: str) -> Any:
        if self.kind is None or hasattr(builtins, name):
            raise KeyError(name)
        return Library(name, self.kind)


class Library:
    """Stands for a module whose exceptions a comment names."""

    def __init__(self, name: str, kind: type[BaseException]) -> None:
        self.name, self.kind = name, kind

    def __getattr__(self, name: str) -> Any:
        if not name[:1].isupper():
            return Library(f"{self.name}.{name}", self.kind)
        if self.name.partition(".")[0] in sys.stdlib_module_names:
            return getattr(import_module(self.name), name)
        base = Exception if self.kind is BaseException else self.kind
        return type(name, (base,), {"__module__": self.name})


def is_pattern(text: object) -> bool:
    """Tell whether the text is a regular expression."""
    try:
        return bool(re.compile(str(text)))
    except re.error:
        return False


def is_positive(value: object) -> bool:
    """Tell whether the value is a number above zero."""
    return isinstance(value, int | float) and value > 0


def is_specifier(text: object) -> bool:
    """Tell whether the text names versions, such as `>=2.13`."""
    try:
        return bool(str(SpecifierSet(str(text))))
    except InvalidSpecifier:
        return False
