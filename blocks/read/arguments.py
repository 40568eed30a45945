"""What may stand between the parentheses of a mark."""

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet


def is_pattern(text: object) -> bool:
    """Tell whether the text is a regular expression."""
    try:
        return bool(re.compile(str(text)))
    except re.error:
        return False


def is_tolerance(value: object) -> bool:
    """Tell whether the value says how far a number may be off."""
    return isinstance(value, int | float) and value > 0


def is_specifier(text: object) -> bool:
    """Tell whether the text names versions, such as `>=2.13`."""
    try:
        return bool(str(SpecifierSet(str(text))))
    except InvalidSpecifier:
        return False
