"""Where regions stand in their snippet: each holds whole statements of the module, or of a main guard."""

import ast
from collections.abc import Iterator
from pathlib import Path

from blocks.errors import BadInput
from blocks.needs.reader import is_main_guard
from blocks.read.regions import Region
from blocks.text_files import read_text, split_lines

Regions = dict[str, Region]
WHOLE = "Let a region hold whole statements, at the margin or right below a main guard"


def under_main_guard(path: Path, regions: Regions) -> set[str]:
    """Return the regions that stand below a main guard; refuse code outside a region, and one that is no program."""
    if are_all(read_text(path), regions):
        return set()
    try:
        compile(read_text(path), str(path), "exec", dont_inherit=True)
        body = ast.parse(read_text(path), filename=str(path)).body
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise BadInput(path, line, f"not Python: {error}", "Mend the snippet") from None
    owners = {line: region.name for region in regions.values() for line in lines_of(region)}
    below: dict[str, set[bool]] = {}
    for node, is_below in statements(body[1:] if body and is_docstring(body[0]) else body, owners):
        below.setdefault(owner(path, node, owners), set()).add(is_below)
    for name, kinds in below.items():
        if len(kinds) == 2:
            problem = f"region '{name}' stands partly below a main guard"
            raise BadInput(path, regions[name].line, problem, "Let it hold the whole guard, or only what is below it")
    return {name for name, kinds in below.items() if kinds == {True}}


def lines_of(region: Region) -> range:
    """Return the lines of the file that a region holds."""
    return range(region.line, region.line + region.text.count("\n"))


def statements(body: list[ast.stmt], owners: dict[int, str]) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield the statements of a module, and whether each stands below a main guard that no region holds."""
    for node in body:
        if isinstance(node, ast.If) and is_main_guard(node) and node.lineno not in owners:
            yield from ((part, True) for part in node.body)
        else:
            yield node, False


def owner(path: Path, node: ast.stmt, owners: dict[int, str]) -> str:
    """Return the region that holds the whole statement; refuse one that none holds, or that a region splits."""
    first = min([node.lineno, *(part.lineno for part in getattr(node, "decorator_list", []))])
    names = [owners.get(line, "") for line in range(first, (node.end_lineno or node.lineno) + 1)]
    if not any(names):
        raise BadInput(path, first, "code outside a region", "Put it between markers and show it")
    if len(set(names)) > 1:
        problem = f"region '{next(filter(None, names))}' holds only a part of the statement that begins here"
        raise BadInput(path, first, problem, WHOLE)
    return names[0]


def are_all(text: str, regions: Regions) -> bool:
    """Tell whether each region is a program by itself and only a docstring stands before them, as is almost always so.

    This is cheaper than a syntax tree of the whole file.
    """
    lines = split_lines(text)
    for region in regions.values():
        size = region.text.count("\n")
        lines[region.line - 1 : region.line - 1 + size] = [""] * size
    try:
        around = ast.parse("\n".join(lines)).body
        for place, region in enumerate(regions.values()):
            compile(region.text, region.name, "exec", dont_inherit=True)
            if place and "__future__" in region.text:
                return False
    except (SyntaxError, ValueError):
        return False
    first = min((region.line for region in regions.values()), default=0)
    return all(is_docstring(node) and node.lineno < first for node in around[:1]) and len(around) <= 1


def is_docstring(node: ast.stmt) -> bool:
    """Tell whether the statement is a bare string."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
