"""Reading a block in the order in which it runs: which names it reads before it binds them."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Names:
    """What one block does to names."""

    now: set[str] = field(default_factory=set)
    """Read while it runs, before it binds them itself."""
    later: set[str] = field(default_factory=set)
    """Read inside its functions, whenever these are called."""
    binds: set[str] = field(default_factory=set)
    """Given a value."""
    fixed: set[str] = field(default_factory=set)
    """Given a module, function or class, which no call changes."""
    changes: set[str] = field(default_factory=set)
    """Whose object it changes, stored into or in a call made for its effect; and those that it binds perhaps."""


class Reader(ast.NodeVisitor):
    """Goes through a block in the order in which it runs, without the bodies of functions."""

    def __init__(self) -> None:
        self.names = Names()
        self.local: list[set[str]] = []  # names of the classes and comprehensions that it is in

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.bind(node.id)
        elif node.id not in self.names.binds.union(*self.local):
            self.names.now.add(node.id)

    def bind(self, name: str, fixed: bool = False) -> None:
        """Note that a name gets a value here."""
        (self.local[-1] if self.local else self.names.binds).add(name)
        if fixed and not self.local:
            self.names.fixed.add(name)

    def visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        """Visit these nodes in this order."""
        for node in nodes:
            if node is not None:
                self.visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit_all([node.value, *node.targets])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit_all([node.annotation, node.value])
        if node.value or not isinstance(node.target, ast.Name):
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.visit(ast.Name(node.target.id, ast.Load()))
        self.visit_all([node.value, node.target])

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        outer, self.local = self.local, []  # it binds outside the comprehension that it is in
        self.bind(node.target.id)
        self.local = outer

    def visit_For(self, node: ast.For) -> None:
        self.visit_all([node.iter, node.target, *node.body, *node.orelse])

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self.bind(alias.asname or alias.name.partition(".")[0], fixed=True)

    visit_ImportFrom = visit_Import

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        annotations = [part.annotation for part in ast.walk(node.args) if isinstance(part, ast.arg)]
        self.visit_all([*node.decorator_list, *node.args.defaults, *node.args.kw_defaults, *annotations, node.returns])
        self.bind(node.name, fixed=True)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit_all([*node.args.defaults, *node.args.kw_defaults])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.visit_all([*node.decorator_list, *node.bases, *node.keywords])
        self.local.append(set())
        self.visit_all(node.body)
        self.local.pop()
        self.bind(node.name, fixed=True)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self.local.append(set())
        for part in node.generators:
            self.visit_all([part.iter, part.target, *part.ifs])
        self.visit_all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self.local.pop()

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp

    def visit_If(self, node: ast.If | ast.While | ast.Try) -> None:
        before = set(self.names.binds)
        self.generic_visit(node)
        if not is_main_guard(node):  # what it binds may keep the value that it had
            self.names.changes |= self.names.binds - before
            self.names.binds = before

    visit_While = visit_Try = visit_If

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bind(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self.generic_visit(node)
        if node.name:
            self.bind(node.name)

    visit_MatchStar = visit_MatchAs


def is_main_guard(node: ast.AST) -> bool:
    """Tell whether the statement is `if __name__ == "__main__":`."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'" and not node.orelse
