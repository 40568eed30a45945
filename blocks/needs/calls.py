"""Which names a call may change: the object it is called on, what it is given, or the state of a module."""

import ast
from dataclasses import dataclass, field

from blocks.needs.sharing import families, links
from blocks.needs.syntax import FUNCTIONS, arguments, below, called, every, free_names, names, roots, union

PURE = {"assert_close", "isinstance", "len", "manual_seed", "print", "repr", "show", "str", "synchronize"}
EFFECTS = {"backward", "copy", "load_state_dict", "next", "pop", "step", "update"}
SAVES = {"dump", "save", "savez"}
PLACES = (ast.Attribute, ast.Subscript)
SWITCHES = ("set_", "use_", "enable", "disable", "register", "init_", "destroy", "filterwarnings", "simplefilter")


@dataclass(frozen=True)
class Scope:
    """What a page defines and imports."""

    own: dict[str, ast.AST]
    """Its functions, methods and classes."""
    modules: set[str]
    """Names bound by imports."""
    drawing: set[str]
    """Its functions, classes and objects whose use draws random numbers."""
    touched: dict[str, set[str]] = field(default_factory=dict)
    """What each function may change, as far as it has been asked."""


def changes(nodes: list[ast.AST], scope: Scope) -> set[str]:
    """Return the names whose object these nodes may change: stores into it, and calls made for their effect."""
    thrown_away = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    stores = [n for n in nodes if isinstance(n, PLACES) and not isinstance(n.ctx, ast.Load)]
    calls = [node for node in nodes if isinstance(node, ast.Call) and called(node) not in PURE]
    return union(map(roots, stores)) | union(changed_by_call(call, id(call) in thrown_away, scope) for call in calls)


def changed_by_call(call: ast.Call, thrown_away: bool, scope: Scope) -> set[str]:
    """Return the names whose object, or module state, a call may change."""
    name = called(call)
    receiver = roots(call.func) if isinstance(call.func, ast.Attribute) else set()
    if receiver & scope.modules and name.startswith(SWITCHES):
        return receiver
    receiver -= scope.modules
    function = scope.own.get(name)
    if isinstance(function, FUNCTIONS):
        if name not in scope.touched:
            scope.touched[name] = touched_by(function, scope)
        touched = scope.touched[name]
        return receiver | ((given_to(call, function, touched) | (touched & free_names(function))) - scope.modules)
    given = union(map(roots, arguments(call)[1:] if name in SAVES else arguments(call))) - scope.modules
    if name in SAVES:
        return given
    if "__call__" in scope.own and isinstance(call.func, ast.Name) and name not in scope.own:
        return {name}
    if not (thrown_away or name in EFFECTS or name.endswith("_")):
        return set()
    return receiver or given


def touched_by(function: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> set[str]:
    """Return the parameters and outer names whose object the function's own body may change."""
    body = [node for statement in function.body for node in (statement, *below(statement))]
    others = Scope({n: node for n, node in scope.own.items() if node is not function}, scope.modules, scope.drawing)
    family = families(group for statement in function.body for group in links(statement, scope.own, scope.modules))
    touched = changes(body, others)
    return touched | union(family.get(name, set()) for name in touched)


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    """Return the function's parameters, positional ones first, without `self`."""
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [parameter for parameter in every if parameter.arg != "self"]


def given_to(call: ast.Call, function: ast.FunctionDef | ast.AsyncFunctionDef, wanted: set[str]) -> set[str]:
    """Return the names that a call gives to the parameters `wanted` of a function of the page."""
    known = [parameter.arg for parameter in parameters(function)]
    named = [(keyword.arg, keyword.value) for keyword in call.keywords]
    placed = list(zip(known, call.args, strict=False))
    rest = call.args[len(known) :]
    return union(roots(a) for name, a in [*placed, *named] if name in wanted) | union(map(roots, rest))


def backward(call: ast.Call, scope: Scope) -> set[str]:
    """Return the names from which a call runs a backward pass, itself or in a function of the page."""
    inner = every(scope.own[called(call)], ast.Call) if called(call) in scope.own else [call]
    return names(call) - scope.modules if any(called(child) == "backward" for child in inner) else set()
