"""The one error a contributor sees for bad input: file, line, what is wrong, what to do."""

from pathlib import Path


class BadInput(Exception):
    """A page, snippet, fence, mark or option that cannot be used as it stands."""

    def __init__(self, path: Path, line: int, problem: str, advice: str) -> None:
        super().__init__(path, line, problem, advice)
        self.path, self.line, self.problem, self.advice = path, line, problem, advice

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.problem}. {self.advice}."


def split_lines(text: str) -> list[str]:
    """Return the lines of a text; only a line feed ends one, as for Markdown and for Python's own line count."""
    return text.removesuffix("\n").split("\n")


def read_text(path: Path) -> str:
    """Return the file's text with Unix line ends; refuse what is not UTF-8."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise BadInput(path, line, "not UTF-8", "Save the file as UTF-8") from None
