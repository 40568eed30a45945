"""The functions and classes that a page defines, and what a call gives to them."""

import ast
from collections.abc import Iterable

from blocks.needs.syntax import DEFINITIONS, FUNCTIONS, bound, called, parameters, union

Function = ast.FunctionDef | ast.AsyncFunctionDef
Families = dict[str, set[str]]
MUTABLE = ast.Call | ast.Dict | ast.DictComp | ast.List | ast.ListComp | ast.Set | ast.SetComp


class Own(dict[str, list[ast.AST]]):
    """Every definition of each function, method and class of a page, by its name."""

    def __init__(self, nodes: Iterable[ast.AST]) -> None:
        self.known: dict[int, Families] = {}
        for node in nodes:
            if isinstance(node, DEFINITIONS):
                self.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
                body: list[ast.stmt] = [ast.Return(node.value.body)]
                for name in union(map(bound, node.targets)):
                    self.setdefault(name, []).append(ast.FunctionDef(name, node.value.args, body, []))
        self.plain = {name for name, nodes in self.items() if not any(map(holds_state, nodes))}


def functions(node: ast.Call, own: Own) -> list[Function]:
    """Return the functions and methods of the page that a call may run."""
    return [function for function in own.get(called(node), []) if isinstance(function, FUNCTIONS)]


def placed(call: ast.Call, function: Function, own: Own) -> list[tuple[str, ast.expr]]:
    """Return what a call gives to each parameter, `self` included where a method is called on its class."""
    known = [parameter.arg for parameter in parameters(function)]
    if not (isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") in own):
        known = [name for name in known if name != "self"]
    rest = function.args.vararg.arg if function.args.vararg else ""
    named = [(keyword.arg or "", keyword.value) for keyword in call.keywords]
    return [*zip(known + [rest] * len(call.args), call.args, strict=False), *named]


def holds_state(node: ast.AST) -> bool:
    """Tell whether a class keeps an object that its instances share."""
    body = node.body if isinstance(node, ast.ClassDef) else []
    return any(isinstance(part, ast.Assign) and isinstance(part.value, MUTABLE) for part in body)
