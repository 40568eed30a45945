"""Which names a call may change: the object it is called on, what it is given, or the state of a module."""

import ast
import builtins
from dataclasses import dataclass, field

from blocks.needs.own import Function, Own, functions, placed
from blocks.needs.sharing import inner_families, parts
from blocks.needs.syntax import arguments, below, called, free_names, names, roots, union

PURE = {"assert_close", "isinstance", "len", "manual_seed", "print", "repr", "show", "str", "synchronize"}
EFFECTS = {"backward", "copy", "load_state_dict", "next", "pop", "step", "update"}
SAVES = {"dump", "save", "savez"}
BUILTINS = set(dir(builtins))
PLACES = (ast.Attribute, ast.Subscript)
SWITCHES = ("set_", "use_", "enable", "disable", "register", "init_", "destroy", "filterwarnings", "simplefilter")


@dataclass(frozen=True)
class Scope:
    """What a page defines and imports."""

    own: Own
    """Its functions, methods and classes."""
    modules: set[str]
    """Names bound by imports."""
    drawing: set[str]
    """Its functions, classes and objects whose use draws random numbers."""
    touched: dict[int, set[str]] = field(default_factory=dict)
    """What each function may change, as far as it has been asked."""


def changes(nodes: list[ast.AST], scope: Scope) -> set[str]:
    """Return the names whose object these nodes may change: stores into it, and calls made for their effect."""
    thrown_away = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    thrown_away |= {id(node.elt) for node in nodes if isinstance(node, ast.ListComp) and id(node) in thrown_away}
    stores = [n for n in nodes if isinstance(n, PLACES) and not isinstance(n.ctx, ast.Load)]
    calls = [node for node in nodes if isinstance(node, ast.Call) and called(node) not in PURE]
    changed = union(changed_by_call(call, id(call) in thrown_away, scope) for call in calls)
    changed |= union(map(roots, stores))
    walked = [node for node in nodes if isinstance(node, ast.comprehension) and names(node.target) & changed]
    return changed | union(parts(node.iter, scope.own, scope.modules) for node in walked) - scope.modules


def changed_by_call(call: ast.Call, thrown_away: bool, scope: Scope) -> set[str]:
    """Return the names whose object, or module state, a call may change."""
    name = called(call)
    receiver = roots(call.func) if isinstance(call.func, ast.Attribute) else set()
    if receiver & scope.modules and name.startswith(SWITCHES):
        return receiver
    receiver -= scope.modules
    if own := functions(call, scope.own):
        return (receiver | union(changed_by_own(call, function, scope) for function in own)) - scope.modules
    given = union(map(roots, arguments(call)[1:] if name in SAVES else arguments(call))) - scope.modules
    if name in SAVES:
        return given
    known = scope.own.keys() | BUILTINS
    callee = {name} if "__call__" in scope.own and isinstance(call.func, ast.Name) and name not in known else set()
    if not (thrown_away or name in EFFECTS or name.endswith("_")):
        return callee
    return callee | (receiver or given)


def changed_by_own(call: ast.Call, function: Function, scope: Scope) -> set[str]:
    """Return the names outside whose object a function of the page may change when it is called so."""
    touched = scope.touched.get(id(function))
    if touched is None:
        scope.touched[id(function)] = set()  # where it calls itself
        touched = scope.touched[id(function)] = touched_by(function, scope)
    given = placed(call, function, scope.own)
    changed = union(roots(value) for name, value in given if name in touched or not name)
    defaults = names_with_default(function) & touched
    return changed | (touched & free_names(function)) | ({function.name} if defaults else set())


def names_with_default(function: Function) -> set[str]:
    """Return the parameters whose default is made once, and stays from call to call."""
    arguments = function.args
    placed = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(placed[::-1], arguments.defaults[::-1], strict=False)]
    pairs += [(name, value) for name, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value]
    return {name.arg for name, value in pairs if not isinstance(value, ast.Constant)}


def touched_by(function: Function, scope: Scope) -> set[str]:
    """Return the parameters and outer names whose object the function's own body may change."""
    body = [node for statement in function.body for node in (statement, *below(statement))]
    family = inner_families(function, scope.own, scope.modules)
    touched = changes(body, scope)
    touched |= {name for node in body if isinstance(node, ast.Global) for name in node.names}
    return touched | union(family.get(name, set()) for name in touched)
