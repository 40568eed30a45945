"""Small questions about a syntax tree that the reading of effects asks again and again."""

import ast
from collections.abc import Iterable, Iterator

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
DEFINITIONS = FUNCTIONS | ast.ClassDef


def called(node: ast.Call) -> str:
    """Return the last name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def arguments(node: ast.Call) -> list[ast.expr]:
    """Return every argument of a call, positional ones first."""
    return [*node.args, *(keyword.value for keyword in node.keywords)]


def roots(node: ast.AST) -> set[str]:
    """Return the names at the left end of attribute, subscript and call chains in an expression."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        return roots(node.value)
    if isinstance(node, ast.Call):
        return roots(node.func)
    if isinstance(node, ast.Tuple | ast.List):
        return union(map(roots, node.elts))
    return set()


def names(node: ast.AST) -> set[str]:
    """Return every name that stands anywhere in the tree."""
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}


def imported(node: ast.AST) -> set[str]:
    """Return the names that an import statement binds."""
    aliases = node.names if isinstance(node, ast.Import | ast.ImportFrom) else []
    return {(alias.asname or alias.name).split(".")[0] for alias in aliases}


def free_names(function: ast.AST) -> set[str]:
    """Return the names that a function reads from outside, whenever it is called."""
    nodes = list(ast.walk(function))
    local = {node.arg for node in nodes if isinstance(node, ast.arg)}
    local |= {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    return names(function) - local


def walk(node: ast.AST, inside: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Yield each node below, and whether it lies in a function's body, which runs only when called."""
    yield node, inside
    for name, value in ast.iter_fields(node):
        deeper = inside or (isinstance(node, FUNCTIONS | ast.Lambda) and name == "body")
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from walk(child, deeper)


def union(sets: Iterable[set[str]]) -> set[str]:
    """Return the union of any number of sets."""
    return set().union(*sets)
