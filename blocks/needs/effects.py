"""What a block does to names, read off its syntax tree, erring on the side of 'uses' and 'changes'."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from blocks.needs.calls import Scope, changes
from blocks.needs.gradients import backward, flows, holds_gradient
from blocks.needs.own import Own
from blocks.needs.randomness import RANDOM, names_that_draw, touches_stream
from blocks.needs.sharing import links
from blocks.needs.syntax import (
    DEFINITIONS,
    FUNCTIONS,
    at_once,
    below,
    bound,
    called,
    every,
    free_names,
    imported,
    parse,
    union,
)


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


def read_effects(codes: Sequence[str]) -> list[Effects]:
    """Return the effects of each block of one page, given in page order."""
    trees = [parse(code) for code in codes]
    page = ast.Module([statement for tree in trees for statement in tree.body], [])
    scope = Scope(Own(below(page)), imported(below(page)), names_that_draw(page.body))
    learning = any(called(node) == "backward" for node in every(page, ast.Call))
    effects = [Effects() for _ in trees]
    for tree, effect in zip(trees, effects, strict=True):
        read_body(tree.body, effect, scope)
        plain = [statement for statement in tree.body if not isinstance(statement, DEFINITIONS)]
        effect.links += [link for statement in plain for link in links(statement, scope.own, scope.modules)]
        if learning:
            effect.flows += [flow for statement in plain for flow in flows(statement, scope.modules)]
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
    now = [node for part in parts for node in at_once(part)]
    spoken = [node for node in now if isinstance(node, ast.Name)]
    given = union(map(bound, parts))
    effects.later |= union(free_names(node) for node in now if isinstance(node, FUNCTIONS | ast.Lambda))
    effects.uses |= {node.id for node in spoken if not isinstance(node.ctx, ast.Store)} - effects.binds
    effects.changes |= changes(now, scope)
    effects.backward |= union(backward(node, scope) for node in now if isinstance(node, ast.Call))
    if isinstance(parts[0], ast.AugAssign):
        effects.uses |= given - effects.binds
        effects.changes |= given
        return
    effects.binds |= given
    if any(holds_gradient(part, scope) for part in parts):
        effects.holders |= given


def read_random(statement: ast.AST, effects: Effects, drawing: set[str]) -> None:
    """Treat the random stream as a name: seeding binds it, drawing reads and changes it."""
    kind = touches_stream(statement, drawing)
    if kind == "seeds":
        effects.binds.add(RANDOM)
    elif kind == "draws":
        effects.uses |= {RANDOM} - effects.binds
        effects.changes.add(RANDOM)
