"""Which names may hold the same object, or parts of it, and which a gradient may flow between."""

import ast
from collections.abc import Iterable, Mapping

from blocks.needs.syntax import FUNCTIONS, called, every, names, union

Functions = Mapping[str, ast.AST]

SHARING = {
    "as_tensor",
    "asarray",
    "dict",
    "enumerate",
    "from_numpy",
    "iter",
    "list",
    "next",
    "reversed",
    "tuple",
    "zip",
}
FRESH = {"all", "any", "argmax", "clone", "count", "dim", "index", "item", "mean", "numel", "size", "sum", "tolist"}
SHARED_KEYWORDS = {"base", "batch_sampler", "dataset", "model", "module", "modules", "optimizer", "params", "sampler"}
GRADIENT = {"Parameter", "requires_grad", "requires_grad_", "retain_grad"}


def links(statement: ast.AST, own: Functions, modules: set[str]) -> list[set[str]]:
    """Return the groups of names that a statement makes share: targets with what their value may be a part of."""
    groups = []
    for node in every(statement, ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.For, ast.withitem):
        if isinstance(node, ast.Assign):
            groups.append(union(map(names, node.targets)) | parts(node.value, own, modules))
        elif isinstance(node, ast.For):
            groups.append(names(node.target) | parts(node.iter, own, modules))
        elif isinstance(node, ast.withitem):
            if node.optional_vars:
                groups.append(names(node.optional_vars) | parts(node.context_expr, own, modules))
        elif node.value:
            groups.append(names(node.target) | parts(node.value, own, modules))
    return [group - modules - set(own) for group in groups]


def parts(node: ast.AST, own: Functions, modules: set[str]) -> set[str]:
    """Return the names whose object the value of an expression may be, contain, or belong to."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Await):
        return parts(node.value, own, modules)
    if isinstance(node, ast.Call):
        return parts_of_call(node, own, modules)
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        inner, local = parts(node.elt, own, modules), union(names(generator.target) for generator in node.generators)
        outer = union(parts(generator.iter, own, modules) for generator in node.generators)
        return (inner - local) | outer if inner & local else inner
    if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.IfExp | ast.BoolOp):
        return union(parts(child, own, modules) for child in ast.iter_child_nodes(node))
    return set()


def parts_of_call(node: ast.Call, own: Functions, modules: set[str]) -> set[str]:
    """Return what a call's value may share: a method's object, or what a constructor or a page's function keeps."""
    name = called(node)
    if name in FRESH:
        return set()
    receiver = parts(node.func.value, own, modules) - modules if isinstance(node.func, ast.Attribute) else set()
    kept = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg in SHARED_KEYWORDS)]
    function = own.get(name)
    keeps = name in own or name in SHARING or name[:1].isupper()
    if isinstance(function, FUNCTIONS):
        keeps = returns_parameter(function, own, modules)
    return receiver | (union(parts(argument, own, modules) for argument in kept) if keeps else set())


def returns_parameter(function: ast.FunctionDef | ast.AsyncFunctionDef, own: Functions, modules: set[str]) -> bool:
    """Tell whether what a function returns may be, or contain, something that it was given."""
    others = {name: node for name, node in own.items() if name != function.name}
    given = {argument.arg for argument in every(function.args, ast.arg)}
    family = families(group for statement in function.body for group in links(statement, others, modules))
    returned = [node.value for node in every(function, ast.Return, ast.Yield) if node.value]
    shared = union(parts(value, others, modules) for value in returned)
    return bool(given & union(family.get(name, {name}) for name in shared))


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


def families(groups: Iterable[set[str]]) -> dict[str, set[str]]:
    """Return for each name the union of the groups that it is in, directly or through others."""
    family: dict[str, set[str]] = {}
    for group in groups:
        merged = set(group).union(*(family.get(name, set()) for name in group))
        family |= dict.fromkeys(merged, merged)
    return family


def holds_gradient(statement: ast.AST, own: Functions) -> bool:
    """Tell whether a statement makes something whose `.grad` a backward pass fills: a parameter, or a model of them."""
    if any(keyword.arg == "requires_grad" for keyword in every(statement, ast.keyword)):
        return True
    if any(attribute.attr in GRADIENT for attribute in every(statement, ast.Attribute)):
        return True
    return any(name == "nn" or (name in own and name[:1].isupper()) for name in names(statement))
