"""What a block does to the names of its page: which it reads, binds and changes, read off its syntax tree.

Nothing depends on the version of Python that reads it, for records compare what their copies hold.
"""

import ast
import symtable
from collections.abc import Iterator
from functools import cache

from blocks.needs.reader import Names, Reader

COMPREHENSIONS = {"listcomp", "setcomp", "dictcomp", "genexpr"}
PURE = {"isinstance", "len", "print", "repr"}


@cache
def read_names(code: str) -> Names:
    """Return what a block does to names; nothing for a shell block, whose code is not given."""
    tree = ast.parse(code)
    reader = Reader()
    reader.visit(tree)
    names = reader.names
    names.changes |= {name for node in ast.walk(tree) for name in changed(node)}
    names.later = set(names_of_functions(symtable.symtable(code, "block", "exec")))
    return names


def names_of_functions(table: symtable.SymbolTable, inside: bool = False) -> Iterator[str]:
    """Yield the names of the page that functions read when they are called, and the comprehensions inside them."""
    if isinstance(table, symtable.Function) and (inside or table.get_name() not in COMPREHENSIONS):
        inside = True
        yield from table.get_globals()
    for inner in table.get_children():
        yield from names_of_functions(inner, inside)


def changed(node: ast.AST) -> Iterator[str]:
    """Yield the names whose object a node changes: `x[i] =`, `x.a =`, `x +=`, `x.f_()`; `x.f()` or `f(x)` alone or as
    a decorator."""
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        yield from root(node)
    elif isinstance(node, ast.AugAssign):
        yield from root(node.target)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.endswith("_"):
        yield from root(node.func)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from (name for decorator in node.decorator_list for name in changed(ast.Expr(decorator)))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        yield from root(call.func) if isinstance(call.func, ast.Attribute) else ()
        if getattr(call.func, "id", "") not in PURE:
            yield from (name for argument in call.args for name in root(argument))


def root(node: ast.AST) -> Iterator[str]:
    """Yield the name at the left end of a chain of attributes, subscripts and calls, if there is one."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        yield node.id
