"""What a block does to names, read off its syntax tree, erring on the side of 'uses' and 'changes'."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from blocks.randomness import DEFINITIONS, RANDOM, called, names_that_draw, touches_stream

PURE = {"assert_close", "isinstance", "len", "manual_seed", "print", "repr", "show", "str", "synchronize"}
EFFECTS = {"backward", "copy", "load_state_dict", "next", "pop", "save", "step", "update"}
SWITCHES = ("set_", "use_", "enable", "disable", "register", "init_", "destroy", "filterwarnings", "simplefilter")
PLAIN_ARGUMENTS = {"device", "dtype", "requires_grad", "seed"}
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


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
    links: list[set[str]] = field(default_factory=list)
    """Names that may share an object, since one was made from the others."""
    modules: set[str] = field(default_factory=set)
    """Names bound by an import."""


def read_effects(codes: Iterable[str]) -> list[Effects]:
    """Return the effects of each block of one page, given in page order."""
    trees = [ast.parse(code) for code in codes]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    own = {node.name for node in nodes if isinstance(node, DEFINITIONS)}
    modules = {name for node in nodes for name in imported(node)}
    drawing = names_that_draw(trees)
    effects = []
    for tree in trees:
        effects.append(Effects())
        for statement in tree.body:
            read_statement(statement, effects[-1], own, modules)
            read_random(statement, effects[-1], drawing)
    return effects


def imported(node: ast.AST) -> set[str]:
    """Return the names that an import statement binds."""
    names = node.names if isinstance(node, ast.Import | ast.ImportFrom) else []
    return {(alias.asname or alias.name).split(".")[0] for alias in names}


def read_statement(statement: ast.stmt, effects: Effects, own: set[str], modules: set[str]) -> None:
    """Add one top-level statement's effects; `own` are the functions and classes that the page defines."""
    nodes = list(walk(statement))
    thrown_away = {id(node.value) for node, _ in nodes if isinstance(node, ast.Expr)}
    for node, inside in nodes:
        effects.modules |= imported(node)
        if not inside:
            effects.changes |= changed(node, id(node) in thrown_away, own, modules)
    names = [(node, inside) for node, inside in nodes if isinstance(node, ast.Name)]
    reads = {node.id for node, inside in names if not inside and isinstance(node.ctx, ast.Load)}
    bound = {node.id for node, inside in names if not inside and not isinstance(node.ctx, ast.Load)}
    bound |= {node.name for node, inside in nodes if not inside and isinstance(node, DEFINITIONS)}
    bound |= imported(statement)
    effects.uses |= reads - effects.binds
    effects.later |= {node.id for node, inside in names if inside and isinstance(node.ctx, ast.Load)}
    if isinstance(statement, ast.AugAssign):
        effects.uses |= bound - effects.binds
        effects.changes |= bound
    elif isinstance(statement, ast.For | ast.While | ast.If | ast.Try):  # may leave the old value
        effects.changes |= bound
    effects.binds |= bound - (effects.uses & effects.changes)
    if bound and not isinstance(statement, DEFINITIONS | ast.Import | ast.ImportFrom):
        effects.links.append((shared(statement) | bound) - modules - own)


def walk(node: ast.AST, inside: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Yield each node below, and whether it lies in a function's body, which runs only when called."""
    yield node, inside
    for name, value in ast.iter_fields(node):
        deeper = inside or (isinstance(node, FUNCTIONS | ast.Lambda) and name == "body")
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from walk(child, deeper)


def shared(statement: ast.stmt) -> set[str]:
    """Return the names that a statement reads other than as a plain argument such as `device=`."""
    plain = {
        id(name)
        for node in ast.walk(statement)
        if isinstance(node, ast.keyword) and node.arg in PLAIN_ARGUMENTS
        for name in ast.walk(node.value)
    }
    moved = {
        id(argument)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and called(node) in ("to", "range", "len")
        for argument in node.args
    }
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and id(n) not in plain | moved}


def changed(node: ast.AST, thrown_away: bool, own: set[str], modules: set[str]) -> set[str]:
    """Return the names whose object a node may change: stores into it, and calls made for their effect."""
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return roots(node)
    if not isinstance(node, ast.Call) or called(node) in PURE:
        return set()
    name = called(node)
    receiver = roots(node.func) if isinstance(node.func, ast.Attribute) else set()
    switch = name.startswith(SWITCHES)
    if not (thrown_away or switch or name in own or name in EFFECTS or name.endswith("_")):
        return set() if isinstance(node.func, ast.Attribute) else roots(node.func) - own
    if receiver and not receiver & modules and name not in own:
        return receiver
    given = set().union(*(roots(a) for a in [*node.args, *(k.value for k in node.keywords)]), set())
    return given | (receiver if switch else receiver - modules)


def roots(node: ast.AST) -> set[str]:
    """Return the names at the left end of attribute, subscript and call chains in an expression."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        return roots(node.value)
    if isinstance(node, ast.Call):
        return roots(node.func)
    if isinstance(node, ast.Tuple | ast.List):
        return set().union(*map(roots, node.elts), set())
    return set()


def read_random(statement: ast.stmt, effects: Effects, drawing: set[str]) -> None:
    """Treat the random stream as a name: seeding binds it, drawing reads and changes it."""
    kind = touches_stream(statement, drawing)
    if kind == "seeds":
        effects.binds.add(RANDOM)
    elif kind == "draws":
        effects.uses |= {RANDOM} - effects.binds
        effects.changes.add(RANDOM)
