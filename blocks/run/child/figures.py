"""The matplotlib backend of a run: `plt.show()` keeps figures open, `rendered` gives them as SVG.

Selected with ``MPLBACKEND=module://blocks.run.child.figures``. Two saves of the same figure give the same bytes. Ink
(text, axes, ticks) follows the reader's colour scheme through a media query inside the SVG; data colours are chosen to
stand out at 3:1 or more on both backgrounds.
"""

from io import StringIO
from typing import Any

from cycler import cycler
from matplotlib import rcParams
from matplotlib._pylab_helpers import Gcf
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas
from matplotlib.figure import Figure

__all__ = ["FigureCanvas", "rendered", "show"]

INK, INK_ON_DARK = "#24292f", "#d6d9e0"
COLOURS = ["#2a7fd4", "#ee4c2c", "#2a9d5c", "#9b6bd0", "#b8860b", "#d6498f", "#1a9aa8", "#7f7f7f"]
STYLE: Any = {
    **{f"{part}.color": INK for part in ("text", "xtick", "ytick")},
    **{f"axes.{part}color": INK for part in ("edge", "label")},
    **{f"{part}.facecolor": "none" for part in ("figure", "axes", "savefig", "legend")},
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.figsize": (6.4, 3.2),
    "font.family": "sans-serif",
    "font.size": 10,
    "legend.frameon": False,
    "patch.edgecolor": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "blocks",
}
ON_DARK = (
    "<style>text{font-family:system-ui,sans-serif}@media(prefers-color-scheme:dark){"
    f'[style*="fill: {INK}"]{{fill:{INK_ON_DARK}!important}}[style*="stroke: {INK}"]{{stroke:{INK_ON_DARK}!important}}'
    f'text:not([style*="fill"]){{fill:{INK_ON_DARK}}}}}</style>'
)


rcParams.update(STYLE)


def show(*args: object, **kwargs: object) -> None:
    """Do nothing: the runner saves what is open when the block ends."""


def rendered() -> list[str]:
    """Return each open figure as SVG text, oldest first, and close it."""
    images = []
    for manager in sorted(Gcf.get_all_fig_managers(), key=lambda manager: manager.num):
        buffer, figure = StringIO(), manager.canvas.figure
        if not laid_out(figure):
            bars = any(
                axes.get_label() == "<colorbar>" for axes in figure.axes
            )  # constrained, only if so from the start
            figure.set_layout_engine("tight" if bars else "constrained")
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
        images.append(with_ink(buffer.getvalue()))
    Gcf.destroy_all()
    return images


def laid_out(figure: Figure) -> bool:
    """Tell whether the code has arranged the figure itself: only now, since any such call warns of another engine."""
    parameters = figure.subplotpars
    sides = ("left", "right", "bottom", "top", "wspace", "hspace")
    usual: Any = rcParams
    moved = any(getattr(parameters, side) != usual[f"figure.subplot.{side}"] for side in sides)
    return moved or figure.get_layout_engine() is not None


def with_ink(svg: str) -> str:
    """Return the picture with ink that follows the colour scheme, and no XML prologue."""
    start = svg.index("<svg")
    end = svg.index(">", start) + 1
    return svg[start:end] + "\n" + ON_DARK + svg[end:]
