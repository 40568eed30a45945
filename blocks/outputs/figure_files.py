"""The pictures that blocks drew, recorded beside each other: `docs/assets/figures/SECTION/PAGE/BLOCK.svg`."""

import re
from pathlib import Path

from blocks.read.page import Block, Page
from blocks.read.paths import figures_folder
from blocks.text_files import write_whole

LARGEST = 40_000
SIDE = re.compile(r' (width|height)="([\d.]+)pt"')


def figure_path(page: Page, block: Block, root: Path) -> Path:
    """Return where the picture of a block is recorded."""
    return figures_folder(page.snippet, root) / f"{block.name}.svg"


def figure_points(path: Path) -> dict[str, float]:
    """Return width and height of a recorded picture in points, three quarters of what they are in pixels."""
    return {side: float(points) for side, points in SIDE.findall(path.read_text("utf-8").split(">", 1)[0])}


def figure_fault(block: Block, figures: tuple[str, ...]) -> str:
    """Return what is wrong with the number or size of a block's figures, or nothing."""
    declared = block.mark("figure") is not None
    if len(figures) != declared:
        advice = (
            "end it with one open figure" if declared else 'add <!--pytest.mark.figure(alt="...")--> above its fence'
        )
        return f"the block draws {len(figures)} figures and declares {int(declared)}: {advice}"
    if figures and len(figures[0].encode()) > LARGEST:
        return f"the figure has {len(figures[0].encode()):,} bytes, more than {LARGEST:,}: draw fewer points"
    return ""


def record_figures(page: Page, drawn: dict[str, tuple[str, ...]], root: Path) -> list[Path]:
    """Record the pictures of a whole page; remove those that its blocks no longer draw; return what changed."""
    wanted = {figure_path(page, page[name], root): figures[0] for name, figures in drawn.items() if figures}
    stale = {path for path in figures_folder(page.snippet, root).glob("*.svg") if path not in wanted}
    for path in stale:
        path.unlink()
    changed = {path: svg for path, svg in wanted.items() if not path.exists() or path.read_text("utf-8") != svg}
    for path, svg in changed.items():
        write_whole(path, svg)
    return sorted(stale | set(changed))
