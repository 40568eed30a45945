"""Which names of imported libraries each block of a page uses, resolved through the page's own imports."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

Used = dict[str, str]


def names_of(codes: Mapping[str, str]) -> dict[str, Used]:
    """Return what each block uses, full dotted names by the way it writes them, from the code of a page's blocks."""
    trees = {name: ast.parse(code) for name, code in codes.items()}
    known: dict[str, str] = {}
    unsure = {name for tree in trees.values() for name in rebound(tree)}
    used = {}
    for block, tree in trees.items():
        known |= {name: full for name, full in imports(tree).items() if name not in unsure}
        used[block] = {written: known[head] + rest for written, head, rest in chains(tree) if head in known}
    return used


def every(node: ast.AST, *kinds: type[ast.AST]) -> list[Any]:
    """Return the node and every node below it that is of one of these kinds, parents first."""
    return [child for child in ast.walk(node) if type(child) in kinds]


def imports(tree: ast.AST) -> dict[str, str]:
    """Return the full names of what a block imports, by the name that each import binds."""
    found = {}
    for node in every(tree, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.split(".")[0]
                found[name] = alias.name if alias.asname else name
        elif node.module and not node.level:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rebound(tree: ast.AST) -> Iterator[str]:
    """Yield every name that a block binds by something else than an import: it may be another object."""
    yield from (node.id for node in every(tree, ast.Name) if not isinstance(node.ctx, ast.Load))
    yield from (node.arg for node in every(tree, ast.arg))
    yield from (node.name for node in every(tree, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def chains(tree: ast.AST) -> list[tuple[str, str, str]]:
    """Return each name with the attributes taken from it, in the order of the code: whole, its head, its rest."""
    inner: set[ast.expr] = set()
    found = []
    for node in every(tree, ast.Attribute, ast.Name):
        if node not in inner:
            left: ast.expr = node
            rest = ""
            while isinstance(left, ast.Attribute):
                rest = f".{left.attr}{rest}"
                left = left.value
                inner.add(left)
            if isinstance(left, ast.Name):
                found.append((node.lineno, node.col_offset, left.id + rest, left.id, rest))
    return [(written, head, rest) for _, _, written, head, rest in sorted(found)]


def shorter(name: str) -> Iterator[str]:
    """Yield a dotted name and what is left of it without its last parts: `a.b.c`, `a.b`, `a`."""
    parts = name.split(".")
    return (".".join(parts[:size]) for size in range(len(parts), 0, -1))


def page_names(codes: Mapping[str, str]) -> set[str]:
    """Return the full dotted names that the blocks of a page use."""
    return {full for used in names_of(codes).values() for full in used.values()}
