"""The one error a contributor sees for bad input: file, line, what is wrong, what to do."""

from pathlib import Path


class BadInput(Exception):
    """A page, snippet, fence, mark or option that cannot be used as it stands."""

    def __init__(self, path: Path, line: int, problem: str, advice: str) -> None:
        super().__init__(path, line, problem, advice)
        self.path, self.line, self.problem, self.advice = path, line, problem, advice

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.problem}. {self.advice}."
