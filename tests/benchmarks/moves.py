"""Mutants that leave something on the CPU: one `.to(device)` or `device=device` of a block taken away, lines kept."""

import ast
import re
from collections.abc import Iterator

from splice import Mutant, Source, parses


def moves(code: str) -> list[Mutant]:
    """Return every such mutant of a block, in source order."""
    source = Source(code)
    found = {mutant for node in ast.walk(ast.parse(code)) for mutant in without(node, source)}
    return sorted((one for one in found if parses(one.code)), key=lambda one: (one.line, one.change, one.code))


def without(node: ast.AST, source: Source) -> Iterator[Mutant]:
    """Yield the mutants of a call that does not say the device any more."""
    if not isinstance(node, ast.Call) or not source.holds(node):
        return
    for word in node.keywords:
        if word.arg == "device" and is_device(word.value):
            yield dropped(node, word, source)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "to" and node.args and is_device(node.args[0]):
        if len(node.args) + len(node.keywords) == 1 or [word.arg for word in node.keywords] == ["non_blocking"]:
            yield source.mutant(node, source.end(node.func.value), source.end(node), "")
        else:
            yield dropped(node, node.args[0], source)


def is_device(node: ast.AST) -> bool:
    """Tell whether an expression is the page's variable, or a tensor's device."""
    return ast.unparse(node).rpartition(".")[2] == "device"


def dropped(call: ast.Call, argument: ast.AST, source: Source) -> Mutant:
    """Return the mutant without an argument, and without one comma beside it."""
    start, end = source.start(argument), source.end(argument)
    if after := re.match(rb"\s*,\s*", source.code[end:]):
        end += len(after[0])
    elif before := re.search(rb"\s*,\s*$", source.code[:start]):
        start = before.start()
    return source.mutant(call, start, end, "")
