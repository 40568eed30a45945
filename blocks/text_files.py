"""Text files: read with one kind of line end, and written whole or not at all."""

import tempfile
from pathlib import Path

from blocks.errors import BadInput


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


def write_whole(path: Path, text: str) -> None:
    """Write the file so that a reader sees the old text or the new, never a part; no text removes the file."""
    if not text:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    content = text.encode()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
        place = Path(draft.name)
        try:
            draft.write(content)
            draft.close()
            place.chmod(0o644)
            place.replace(path)
        finally:
            place.unlink(missing_ok=True)
