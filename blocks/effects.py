"""What a block does to names, read off its syntax tree, erring on the side of 'uses' and 'changes'."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from blocks.randomness import RANDOM, names_that_draw, touches_stream
from blocks.sharing import families, flows, holds_gradient, links
from blocks.syntax import DEFINITIONS, FUNCTIONS, arguments, called, free_names, imported, names, roots, union, walk

PURE = {"assert_close", "isinstance", "len", "manual_seed", "print", "repr", "show", "str", "synchronize"}
EFFECTS = {"backward", "copy", "load_state_dict", "next", "pop", "step", "update"}
SAVES = {"dump", "save", "savez"}
SWITCHES = ("set_", "use_", "enable", "disable", "register", "init_", "destroy", "filterwarnings", "simplefilter")


@dataclass
class Effects:
    """What one block does to names."""

    uses: set[str] = field(default_factory=set)
    """Names read while the block runs, before it binds them itself."""
    later: set[str] = field(default_factory=set)
    """Names read inside functions that it defines: whenever they are called."""
    binds: set[str] = field(default_factory=set)
    """Names given a new value, whatever they held."""
    changes: set[str] = field(default_factory=set)
    """Names whose object, or module state, it changes in place."""
    backward: set[str] = field(default_factory=set)
    """Names from which it runs a backward pass."""
    holders: set[str] = field(default_factory=set)
    """Names bound to something whose gradient a backward pass fills."""
    links: list[set[str]] = field(default_factory=list)
    """Groups of names that may share an object."""
    flows: list[set[str]] = field(default_factory=list)
    """Groups of names that a gradient may flow between."""


@dataclass(frozen=True)
class Scope:
    """What a page defines and imports."""

    own: dict[str, ast.AST]
    """Its functions, methods and classes."""
    modules: set[str]
    """Names bound by imports."""
    drawing: set[str]
    """Its functions, classes and objects whose use draws random numbers."""


def read_effects(codes: Sequence[str]) -> list[Effects]:
    """Return the effects of each block of one page, given in page order."""
    trees = [ast.parse(code) for code in codes]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    own: dict[str, ast.AST] = {node.name: node for node in nodes if isinstance(node, DEFINITIONS)}
    scope = Scope(own, union(map(imported, nodes)), names_that_draw(trees))
    effects = [Effects() for _ in trees]
    for tree, effect in zip(trees, effects, strict=True):
        read_body(tree.body, effect, scope)
    return effects


def read_body(body: Sequence[ast.stmt], effects: Effects, scope: Scope) -> None:
    """Add the effects of statements that run one after another."""
    for statement in body:
        if isinstance(statement, ast.For):
            read_simple([statement.target, statement.iter], effects, scope)
            read_random(statement.iter, effects, scope.drawing)
            read_body([*statement.body, *statement.orelse], effects, scope)
        elif isinstance(statement, ast.With):
            read_simple(statement.items, effects, scope)
            read_body(statement.body, effects, scope)
        elif isinstance(statement, ast.If | ast.While | ast.Try):
            read_branches(statement, effects, scope)
        else:
            read_simple([statement], effects, scope)
            read_random(statement, effects, scope.drawing)
        if not isinstance(statement, DEFINITIONS):
            effects.links += links(statement, scope.own, scope.modules)
            effects.flows += flows(statement, scope.modules)


def read_branches(statement: ast.If | ast.While | ast.Try, effects: Effects, scope: Scope) -> None:
    """Add the effects of a statement whose parts may not run: what they bind may keep its old value."""
    before = set(effects.binds)
    for _, value in ast.iter_fields(statement):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.stmt):
                read_body([part], effects, scope)
            elif isinstance(part, ast.ExceptHandler):
                read_body(part.body, effects, scope)
            elif isinstance(part, ast.AST):
                read_simple([part], effects, scope)
                read_random(part, effects, scope.drawing)
    maybe = effects.binds - before
    effects.changes |= maybe
    effects.uses |= maybe
    effects.binds = before


def read_simple(parts: Sequence[ast.AST], effects: Effects, scope: Scope) -> None:
    """Add the effects of a statement without a body, or of the head of one with a body."""
    nodes = [pair for part in parts for pair in walk(part)]
    now = [node for node, inside in nodes if not inside]
    bound = {node.id for node in now if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.name for node in now if isinstance(node, DEFINITIONS)} | union(map(imported, now))
    reads = [(n.id, inside) for n, inside in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Store)]
    effects.later |= union(free_names(node) for node in now if isinstance(node, FUNCTIONS | ast.Lambda))
    effects.uses |= {name for name, inside in reads if not inside} - effects.binds
    effects.changes |= changes(now, scope)
    effects.backward |= union(backward(node, scope) for node in now)
    if isinstance(parts[0], ast.AugAssign):
        effects.uses |= bound - effects.binds
        effects.changes |= bound
        return
    effects.binds |= bound
    if any(holds_gradient(part, scope.own) for part in parts):
        effects.holders |= bound


def changes(nodes: list[ast.AST], scope: Scope) -> set[str]:
    """Return the names whose object these nodes may change: stores into it, and calls made for their effect."""
    thrown_away = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    stores = [n for n in nodes if isinstance(n, ast.Attribute | ast.Subscript) and not isinstance(n.ctx, ast.Load)]
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
        touched = touched_by(function, scope)
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
    body = [node for statement in function.body for node in ast.walk(statement)]
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


def backward(node: ast.AST, scope: Scope) -> set[str]:
    """Return the names from which a call runs a backward pass, itself or in a function of the page."""
    if not isinstance(node, ast.Call):
        return set()
    function = scope.own.get(called(node), node)
    runs = called(node) == "backward" or any(
        isinstance(child, ast.Call) and called(child) == "backward" for child in ast.walk(function)
    )
    return names(node) - scope.modules if runs else set()


def read_random(statement: ast.AST, effects: Effects, drawing: set[str]) -> None:
    """Treat the random stream as a name: seeding binds it, drawing reads and changes it."""
    kind = touches_stream(statement, drawing)
    if kind == "seeds":
        effects.binds.add(RANDOM)
    elif kind == "draws":
        effects.uses |= {RANDOM} - effects.binds
        effects.changes.add(RANDOM)
