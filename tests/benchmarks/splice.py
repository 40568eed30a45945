"""Changing the text of a block at the places that its syntax tree names."""

import ast
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One change of one block."""

    line: int
    """Line of the block, from 1."""
    change: str
    """What was changed into what."""
    code: str
    """The block's code with the change."""


class Source:
    """The code of a block, addressed by the positions that its syntax tree gives."""

    def __init__(self, code: str) -> None:
        self.code = code.encode()
        self.starts = [0]
        for line in self.code.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def start(self, node: ast.AST) -> int:
        """Return where a node starts, in bytes."""
        return self.starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """Return where a node ends, in bytes."""
        return self.starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def text(self, node: ast.AST) -> str:
        """Return a node's own text."""
        return self.code[self.start(node) : self.end(node)].decode()

    def holds(self, node: ast.expr) -> bool:
        """Tell whether an expression stands where its tree says, which old Pythons get wrong in f-strings."""
        try:
            return ast.dump(ast.parse(f"({self.text(node)})", mode="eval").body) == ast.dump(node)
        except (SyntaxError, ValueError):
            return False

    def mutant(self, node: ast.AST, start: int, end: int, new: str) -> Mutant:
        """Return the mutant that has `new` in place of these bytes; later lines keep their numbers."""
        old = self.code[start:end].decode()
        padded = new + "\\\n" * (old.count("\n") - new.count("\n"))
        code = self.code[:start] + padded.encode() + self.code[end:]
        brief = [" ".join(text.split()) for text in (old, new)]
        return Mutant(node.lineno, f"{brief[0]} -> {brief[1] or '(nothing)'}", code.decode())  # type: ignore[attr-defined]


def parses(code: str) -> bool:
    """Tell whether the code is still Python."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True
