"""One block: a region that a Python fence includes, or the lines of a shell fence."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from blocks.errors import BadInput
from blocks.read.fences import Fence
from blocks.read.marks import PERMANENT, Mark
from blocks.read.pointers import without_pointers
from blocks.read.regions import Region, indented
from blocks.read.visible import check_code

INCLUDE = re.compile(r'^-{2,}8<-{2,} +"(?P<path>[^":]+)(?::(?P<region>[^":]*))?"[ \t]*$')
FUTURE = re.compile(r"^from __future__ import .+", re.MULTILINE)
GUARD = 'if __name__ == "__main__":'
INSTALLS = re.compile(
    r"\b(pip3?|uv|conda|mamba|brew|apt(-get)?|npm)\b.* (install|add|sync|create)\b|\b(curl|wget)\b|\bgit clone\b"
)


@dataclass(frozen=True)
class Block:
    """One named piece of code that a page shows and a run executes."""

    name: str
    """Test id, output key and anchor."""
    kind: str
    """`python` or `bash`."""
    code: str
    """Exactly what the page shows."""
    page_line: int
    """Line of its fence on the page."""
    source: Path
    """File that holds the code: the snippet, or the page for a shell block."""
    line: int
    """Line of `source` that holds the first line of the code."""
    marks: tuple[Mark, ...] = ()
    """What the page declares about it."""
    needs: tuple[str, ...] = ()
    """Names of the earlier blocks that its runnable copy holds, in page order."""
    guarded: bool = False
    """Whether it stands below a main guard in the snippet, which the page leaves out and every program has."""
    lights: tuple[int, ...] = ()
    """Lines of the code that are the point."""
    notes: tuple[int, ...] = ()
    """Lines of the code that the notes below it are about."""

    def mark(self, name: str) -> Mark | None:
        """Return the mark of that name, if the block has it."""
        return next((mark for mark in self.marks if mark.name == name), None)

    @property
    def file(self) -> str:
        """Name of the file that it is, or '' if it is a part of the page's program."""
        mark = self.mark("file")
        return mark.args[0] if mark else ""

    @property
    def seconds(self) -> float:
        """Wall time that it may take, if it says that this is more than others may, or 0."""
        mark = self.mark("slow")
        return float(mark.args[0]) if mark else 0.0

    @property
    def text(self) -> str:
        """What a program holds: the code, below its main guard if it has one, or what writes its file."""
        code = writing(self.file, self.code) if self.file else self.code
        return f"{GUARD}\n{indented(code)}" if self.guarded else code

    @property
    def future(self) -> str:
        """The line that imports features of the language for the whole page, or ''."""
        found = FUTURE.search(self.code) if self.kind == "python" else None
        return found[0] if found else ""


def writing(name: str, code: str) -> str:
    """Return code that writes a file with this content."""
    content = code.replace("\\", "\\\\").replace("'''", "\\'\\'\\'")
    return f"from pathlib import Path\n\nPath({json.dumps(name)}).write_text('''\\\n{content}''', encoding=\"utf-8\")\n"


def python_block(path: Path, fence: Fence, snippet: Path, root: Path, regions: dict[str, Region]) -> Block:
    """Return the block that a Python fence includes from the page's own snippet."""
    lines = fence.text.splitlines()
    include = INCLUDE.match(lines[0]) if len(lines) == 1 else None
    own = snippet.relative_to(root / "snippets").as_posix()
    advice = f'Write one line: --8<-- "{own}:region-name"'
    if not include:
        more = any(INCLUDE.match(line) for line in lines)
        problem = "a Python fence holds more than one include" if more else "a Python fence holds its own code"
        raise BadInput(path, fence.line, problem, advice)
    if include["path"] != own:
        raise BadInput(path, fence.line, f"the fence includes '{include['path']}', not this page's snippet", advice)
    if not snippet.exists():
        raise BadInput(path, fence.line, f"{snippet} does not exist", "Create it, or mend the include")
    region = regions.get(include["region"] or "")
    if region is None:
        problem = f"no region '{include['region'] or ''}' in {own}"
        raise BadInput(path, fence.line, problem, f"It has: {', '.join(regions) or 'none'}")
    line, code = region.shown()
    code, lights, notes = without_pointers(snippet, line, code)
    check_code(snippet, line, code)
    return Block(region.name, "python", code, fence.line, snippet, line, fence.marks, lights=lights, notes=notes)


def shell_block(path: Path, fence: Fence, name: str) -> Block:
    """Return the block of a shell fence; one that would install or download is skipped with that reason."""
    marks = fence.marks
    if INSTALLS.search(fence.text) and not any(mark.name == "skip" for mark in marks):
        marks += (Mark("skip", (), {"reason": "it would install or download", "until": PERMANENT}),)
    check_code(path, fence.line + 1, fence.text)
    return Block(name, "bash", fence.text, fence.line, path, fence.line + 1, marks)
