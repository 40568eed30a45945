"""Which names may hold the same object, or parts of it."""

import ast
from collections.abc import Iterable

from blocks.needs.own import Families, Function, Own, functions, placed
from blocks.needs.syntax import COMPREHENSIONS, called, every, free_names, names, union

RETURN = "<return>"
RETURNS = (ast.Return, ast.Yield, ast.YieldFrom)
SHARING = {
    *(
        "as_tensor",
        "asarray",
        "chain",
        "cycle",
        "dict",
        "enumerate",
        "filter",
        "from_numpy",
        "getattr",
        "islice",
        "iter",
    ),
    *("list", "map", "max", "min", "next", "partial", "reversed", "sorted", "tuple", "zip"),
}
STORES = {
    *("add", "add_module", "append", "appendleft", "extend", "insert", "register_buffer", "register_module"),
    *("setattr", "setdefault", "update"),
}
FRESH = {"all", "any", "argmax", "clone", "count", "dim", "index", "item", "mean", "numel", "size", "sum", "tolist"}
SHARED_KEYWORDS = {"base", "batch_sampler", "dataset", "model", "module", "modules", "optimizer", "params", "sampler"}


def links(statement: ast.AST, own: Own, modules: set[str]) -> list[set[str]]:
    """Return the groups of names that a statement makes share: targets with what their value may be a part of."""
    groups = []
    for node in every(statement, ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.For, ast.withitem, ast.Call):
        if isinstance(node, ast.Assign):
            groups.append(union(map(names, node.targets)) | parts(node.value, own, modules))
        elif isinstance(node, ast.For):
            groups.append(names(node.target) | parts(node.iter, own, modules))
        elif isinstance(node, ast.Call):
            groups += links_of_call(node, own, modules)
        elif isinstance(node, ast.withitem):
            if node.optional_vars:
                groups.append(names(node.optional_vars) | names(node.context_expr))
        elif node.value:
            groups.append(names(node.target) | parts(node.value, own, modules))
    return [group - modules - own.plain for group in groups]


def links_of_call(node: ast.Call, own: Own, modules: set[str]) -> list[set[str]]:
    """Return the groups of names that a call makes share, by storing what it is given."""
    groups = [group for function in functions(node, own) for group in given_groups(node, function, own, modules)]
    if called(node) in STORES:
        groups.append(parts(node.func, own, modules) | union(parts(value, own, modules) for value in node.args))
    return groups


def given_groups(call: ast.Call, function: Function, own: Own, modules: set[str]) -> list[set[str]]:
    """Return which of a call's arguments, and of the names that the function reads, share afterwards."""
    family, outer = inner_families(function, own, modules), outer_names(call, function, own, modules)
    return [union(outer.get(name, set()) for name in group) for group in family.values()]


def returned(call: ast.Call, function: Function, own: Own, modules: set[str]) -> set[str]:
    """Return the names that what the function returns may be, or contain."""
    family, outer = inner_families(function, own, modules), outer_names(call, function, own, modules)
    return union(outer.get(name, set()) for name in family.get(RETURN, set()))


def inner_families(function: Function, own: Own, modules: set[str]) -> Families:
    """Return which names of a function's body share, and which share with what it returns."""
    if id(function) not in own.known:
        own.known[id(function)] = {}  # where it calls itself
        groups = [group for statement in function.body for group in links(statement, own, modules)]
        values = [node.value for node in every(function, *RETURNS) if node.value]
        own.known[id(function)] = families([*groups, *({RETURN} | parts(value, own, modules) for value in values)])
    return own.known[id(function)]


def outer_names(call: ast.Call, function: Function, own: Own, modules: set[str]) -> dict[str, set[str]]:
    """Return the names outside that a function's names stand for in a call."""
    outer = {name: {name} for name in free_names(function) - modules}
    if isinstance(call.func, ast.Attribute):
        outer["self"] = parts(call.func.value, own, modules)
    for name, value in placed(call, function, own):
        outer[name] = outer.get(name, set()) | parts(value, own, modules)
    return outer


def parts(node: ast.AST, own: Own, modules: set[str]) -> set[str]:
    """Return the names whose object the value of an expression may be, contain, or belong to."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Lambda):
        return parts(node.body, own, modules) - names(node.args)
    if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Await | ast.NamedExpr):
        return parts(node.value, own, modules)
    if isinstance(node, ast.Call):
        return parts_of_call(node, own, modules)
    if isinstance(node, COMPREHENSIONS):
        element = node.value if isinstance(node, ast.DictComp) else node.elt
        inner, local = parts(element, own, modules), union(names(generator.target) for generator in node.generators)
        outer = union(parts(generator.iter, own, modules) for generator in node.generators)
        return (inner - local) | outer if inner & local else inner
    if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.IfExp | ast.BoolOp):
        return union(parts(child, own, modules) for child in ast.iter_child_nodes(node))
    return set()


def parts_of_call(node: ast.Call, own: Own, modules: set[str]) -> set[str]:
    """Return what a call's value may share: a method's object, or what a constructor or a page's function keeps."""
    name = called(node)
    if name in FRESH:
        return set()
    receiver = parts(node.func.value, own, modules) - modules if isinstance(node.func, ast.Attribute) else set()
    if own_functions := functions(node, own):
        return receiver | union(returned(node, function, own, modules) for function in own_functions)
    kept = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg in SHARED_KEYWORDS)]
    keeps = name in own or name in SHARING or name[:1].isupper()
    made = {name} & own.keys()
    return receiver | made | (union(parts(argument, own, modules) for argument in kept) if keeps else set())


def families(groups: Iterable[set[str]]) -> Families:
    """Return for each name the union of the groups that it is in, directly or through others."""
    family: Families = {}
    for group in groups:
        merged = set(group).union(*(family.get(name, set()) for name in group))
        family |= dict.fromkeys(merged, merged)
    return family
