"""Mutants of a block: its code with one operator, constant, argument, name or statement changed, lines kept.

Left out, since no run could or should tell them apart: docstrings and assert messages (comments in effect); a dropped
check, a check's tolerance, and `strict` of `zip` (they change what is tested, not what is shown); imports, definitions
and literal text in f-strings (always noticed, so they would flatter the figure); the line that asks for an accelerator,
a move to it, and a dropped `device=` or `non_blocking=`, which mean nothing where there is only a CPU; the number of
threads; a dropped `plt.show()`, which does nothing where there is no window; swapped arguments of a symmetric function;
and which random numbers are drawn (a seed, a `generator=`), for what a page says should hold for any. All else counts,
free choices of input too.
"""

import ast
import re
from collections.abc import Iterator

from splice import Mutant, Source, parses

OPERATORS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.MatMult: ("@", "*"),
    ast.FloorDiv: ("//", "*"), ast.Pow: ("**", "*"), ast.Mod: ("%", "*"), ast.Lt: ("<", ">"), ast.Gt: (">", "<"),
    ast.LtE: ("<=", ">"), ast.GtE: (">=", "<"), ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.And: ("and", "or"),
    ast.Or: ("or", "and"), ast.Is: ("is", "is not"), ast.In: ("in", "not in"),
}  # fmt: skip
PAIRS = (
    "sum mean, min max, argmin argmax, amin amax, zeros ones, zeros_like ones_like, rand randn, eval train, "
    "softmax log_softmax, add_ sub_, cat stack, any all, relu tanh, ReLU Tanh, squeeze unsqueeze, detach clone, "
    "SGD Adam, no_grad enable_grad, var std, sin cos, exp log, vstack hstack, tril triu"
)
NAMES = {a: b for pair in PAIRS.split(", ") for a, b in (pair.split(), reversed(pair.split()))}
SYMMETRIC = ("allclose", "equal", "isclose", "mse_loss", "l1_loss")
CHECKS = ("assert_close", "assert_equal", "show")
UNSEEN_CALLS = ("manual_seed", "seed", "set_num_threads")
TOLERANCES = ("rtol", "atol", "match")
UNSEEN_KEYWORDS = (*TOLERANCES, "device", "generator", "non_blocking")
KEPT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Pass, ast.Assert, ast.Global, ast.Nonlocal)


def mutants(code: str) -> list[Mutant]:
    """Return every mutant of a block that still parses, in source order."""
    source, tree = Source(code), ast.parse(code)
    exempt = {id(inner) for node in ast.walk(tree) for part in exempted(node) for inner in ast.walk(part)}
    found = [mutant for node in ast.walk(tree) if id(node) not in exempt for mutant in mutate(node, source)]
    return sorted({mutant for mutant in found if parses(mutant.code)}, key=lambda one: (one.line, one.change))


def exempted(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node that are not mutated, as the top of this file says."""
    if isinstance(node, ast.Assert):
        yield from [node.msg] if node.msg else []
        yield from (inner for inner in ast.walk(node.test) if isinstance(getattr(inner, "value", None), float))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    elif isinstance(node, ast.JoinedStr):
        yield from (part for part in node.values if isinstance(part, ast.Constant))
        yield from (part.format_spec for part in node.values if getattr(part, "format_spec", None))
    elif isinstance(node, ast.Assign):
        yield from [node] if "current_accelerator" in ast.unparse(node) or is_move(node.value) else []
    elif isinstance(node, ast.keyword) and node.arg in TOLERANCES:
        yield node
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == "zip":
        yield from node.keywords
    elif isinstance(node, ast.Call) and called(node) in UNSEEN_CALLS:
        yield from node.args


def mutate(node: ast.AST, source: Source) -> Iterator[Mutant]:
    """Yield the mutants of one node."""
    if isinstance(node, ast.expr) and not source.holds(node):
        return
    if isinstance(node, ast.BinOp):
        yield from operator(source, node, node.left, node.op, node.right)
    elif isinstance(node, ast.Compare):
        yield from operator(source, node, node.left, node.ops[0], node.comparators[0])
    elif isinstance(node, ast.BoolOp):
        yield from operator(source, node, node.values[0], node.op, node.values[1])
    elif isinstance(node, ast.Constant) and other_constant(node.value):
        yield source.mutant(node, source.start(node), source.end(node), other_constant(node.value))
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield source.mutant(node, source.end(node) - len(node.attr), source.end(node), NAMES[node.attr])
    elif isinstance(node, ast.Call):
        yield from arguments(source, node)
    elif isinstance(node, ast.stmt) and not isinstance(node, KEPT) and not is_check(node):
        yield source.mutant(node, source.start(node), source.end(node), "pass")


def operator(source: Source, node: ast.AST, left: ast.AST, op: ast.AST, right: ast.AST) -> Iterator[Mutant]:
    """Yield the mutant with the other operator between two operands."""
    old, new = OPERATORS.get(type(op), ("", ""))
    found = re.search(rf"(?<!\w){re.escape(old)}(?!\w)", source.code[source.end(left) : source.start(right)].decode())
    if old and found:
        start = source.end(left) + found.start()
        yield source.mutant(node, start, start + len(old), new)


def other_constant(value: object) -> str:
    """Return another constant of the same type, or nothing where there is none."""
    if isinstance(value, bool):
        return repr(not value)
    if isinstance(value, int | float):
        return repr(value + 1 if isinstance(value, int) else value * 2 or 1.0)
    return repr(value + "x") if isinstance(value, str) else ""


def arguments(source: Source, node: ast.Call) -> Iterator[Mutant]:
    """Yield the mutants with a keyword argument dropped, and with the first two arguments swapped."""
    for keyword in node.keywords if ast.unparse(node.func) != "zip" else []:
        if keyword.arg and keyword.arg not in UNSEEN_KEYWORDS:
            after = re.match(rb"\s*,?", source.code[source.end(keyword) :])
            end = source.end(keyword) + len(after[0] if after and b"," in after[0] else b"")
            yield source.mutant(keyword, source.start(keyword), end, "")
    pair = node.args[:2] if len(node.args) > 1 else [word.value for word in node.keywords if word.arg][:2]
    if (
        len(pair) == 2
        and source.text(pair[0]) != source.text(pair[1])
        and not is_check(node)
        and not is_symmetric(node)
    ):
        between = source.code[source.end(pair[0]) : source.start(pair[1])].decode()
        swapped = source.text(pair[1]) + between + source.text(pair[0])
        yield source.mutant(node, source.start(pair[0]), source.end(pair[1]), swapped)


def called(node: ast.Call) -> str:
    """Return the last name of what a call calls."""
    return ast.unparse(node.func).rpartition(".")[2]


def is_move(value: ast.AST) -> bool:
    """Tell whether a value only says which device it is on, or each of its parts does."""
    if isinstance(value, ast.Tuple):
        return all(map(is_move, value.elts))
    return isinstance(value, ast.Call) and called(value) == "to" and [*map(ast.unparse, value.args)] == ["device"]


def is_symmetric(node: ast.Call) -> bool:
    """Tell whether the order of a call's two arguments means nothing."""
    return called(node) in SYMMETRIC


def is_check(node: ast.AST) -> bool:
    """Tell whether a statement or call only asserts, shows a figure, seeds, or sets the number of threads."""
    if isinstance(node, ast.For | ast.With):
        return all(isinstance(part, ast.Assert) or is_check(part) for part in node.body)
    call = node.value if isinstance(node, ast.Expr) else node
    return isinstance(call, ast.Call) and called(call) in (*CHECKS, *UNSEEN_CALLS)
