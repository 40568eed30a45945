"""Which names a gradient may flow between, and which a backward pass fills."""

import ast

from blocks.needs.calls import Scope
from blocks.needs.sharing import SHARED_KEYWORDS
from blocks.needs.syntax import called, every, names, union

LEARNING = {"Parameter", "requires_grad", "requires_grad_", "retain_grad"}


def backward(call: ast.Call, scope: Scope) -> set[str]:
    """Return the names from which a call runs a backward pass, itself or in a function of the page."""
    inner = [child for own in scope.own.get(called(call), [call]) for child in every(own, ast.Call)]
    return names(call) - scope.modules if any(called(child) == "backward" for child in inner) else set()


def flows(statement: ast.AST, modules: set[str]) -> list[set[str]]:
    """Return the groups of names that a gradient may flow between: targets with every name of their value."""
    assignments = every(statement, ast.Assign, ast.AnnAssign, ast.AugAssign)
    return [names(node) - configuring(node) - modules for node in assignments]


def configuring(node: ast.AST) -> set[str]:
    """Return the names that only say where or how, such as `device` in `x.to(device)` and `device=device`."""
    calls = every(node, ast.Call)
    plain = [k.value for call in calls for k in call.keywords if k.arg not in SHARED_KEYWORDS]
    moved = [argument for call in calls if called(call) == "to" for argument in call.args]
    return union(map(names, [*plain, *moved]))


def holds_gradient(statement: ast.AST, scope: Scope) -> bool:
    """Tell whether a statement makes something whose `.grad` a backward pass fills: a parameter, or a model of them."""
    if any(keyword.arg == "requires_grad" for keyword in every(statement, ast.keyword)):
        return True
    if any(attribute.attr in LEARNING for attribute in every(statement, ast.Attribute)):
        return True
    return any(name == "nn" or (name in scope.own and name[:1].isupper()) for name in names(statement))
