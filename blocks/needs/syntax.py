"""Small questions about a syntax tree that the reading of effects asks again and again."""

import ast
from collections.abc import Iterable
from functools import cache
from typing import Any

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
DEFINITIONS = FUNCTIONS | ast.ClassDef
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@cache
def parse(code: str) -> ast.Module:
    """Return a block's syntax tree, the same for the same code."""
    return ast.parse(code)


def below(node: ast.AST) -> list[ast.AST]:
    """Return every node below a node, parents first; the node remembers the answer."""
    known: list[ast.AST] | None = node.__dict__.get("below")
    if known is None:
        known = []
        for child in children(node):
            known.append(child)
            if child._fields:
                known += below(child)
        node.__dict__["below"] = known
    return known


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right below a node, without those that only say whether a name is read or bound."""
    found = []
    for name in node._fields:
        value = node.__dict__.get(name)
        if type(value) is list:
            found += [child for child in value if isinstance(child, ast.AST)]
        elif name != "ctx" and isinstance(value, ast.AST):
            found.append(value)
    return found


def every(node: ast.AST, *kinds: type[ast.AST]) -> list[Any]:
    """Return the node and every node below it that is of one of these kinds, parents first."""
    found = [child for child in below(node) if type(child) in kinds]
    return [node, *found] if type(node) in kinds else found


def at_once(node: ast.AST) -> list[ast.AST]:
    """Return the node and those below it that run with it, so without what is in the body of a function."""
    functions = every(node, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    bodies = [function.body if isinstance(function.body, list) else [function.body] for function in functions]
    later = {inner for body in bodies for part in body for inner in [part, *below(part)]}
    return [found for found in [node, *below(node)] if found not in later]


def called(node: ast.Call) -> str:
    """Return the last name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def arguments(node: ast.Call) -> list[ast.expr]:
    """Return every argument of a call, positional ones first."""
    return [*node.args, *(keyword.value for keyword in node.keywords)]


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    """Return the function's parameters, positional ones first."""
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


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
    return {child.id for child in every(node, ast.Name)}


def bound(node: ast.AST) -> set[str]:
    """Return the names that running the node gives a value in the scope that it stands in."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, DEFINITIONS):
            found.add(part.name)
        elif isinstance(part, ast.Name):
            found |= {part.id} if isinstance(part.ctx, ast.Store) else set()
        elif isinstance(part, COMPREHENSIONS):
            found |= {child.target.id for child in every(part, ast.NamedExpr)}
        elif isinstance(part, ast.Import | ast.ImportFrom):
            found |= imported([part])
        elif not isinstance(part, ast.Lambda):
            found |= {part.name} if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name else set()
            waiting += children(part)
    return found


def imported(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names that the import statements among the nodes bind."""
    aliases = [alias for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names]
    return {(alias.asname or alias.name).split(".")[0] for alias in aliases}


def free_names(function: ast.AST) -> set[str]:
    """Return the names that a function reads from outside, whenever it is called."""
    spoken = every(function, ast.Name)
    local = {node.arg for node in every(function, ast.arg)}
    local |= {node.id for node in spoken if not isinstance(node.ctx, ast.Load)}
    local -= {name for node in every(function, ast.Global) for name in node.names}
    return {node.id for node in spoken} - local


def union(sets: Iterable[set[str]]) -> set[str]:
    """Return the union of any number of sets."""
    return set().union(*sets)
