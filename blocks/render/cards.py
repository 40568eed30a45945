"""The picture that stands for a page where its link is shared: its title and section, 1200 by 630 pixels."""

import io
import textwrap
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = 1200, 630
PAPER, INK, QUIET, ACCENT, DROP = "#14161b", "#e3e6ec", "#a9b1bd", "#ff9d7d", "#d9481f"


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return DejaVu Sans, which matplotlib brings along."""
    spec = find_spec("matplotlib")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(folder / "mpl-data" / "fonts" / "ttf" / name, size)


@cache  # while pages are edited, each is drawn once
def card(title: str, section: str, site: str) -> bytes:
    """Return the picture as PNG."""
    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    drop(draw, 80, 64)
    draw.text((168, 92), site, INK, font(34, bold=True))
    lines = textwrap.wrap(title, 24, max_lines=3, placeholder=" ...")
    draw.text((80, 250), section, ACCENT, font(34))
    draw.multiline_text((80, 305), "\n".join(lines), INK, font(72 if len(lines) < 3 else 64, bold=True), spacing=18)
    draw.text((80, 566), "Every block is run before it is published, and its output checked.", QUIET, font(26))
    file = io.BytesIO()
    image.quantize(32, Image.Quantize.FASTOCTREE).save(file, "PNG")
    return file.getvalue()


def drop(draw: ImageDraw.ImageDraw, left: int, top: int) -> None:
    """Draw the guide's sign, 64 pixels wide."""
    draw.polygon([(left + 32, top), (left + 6, top + 40), (left + 58, top + 40)], DROP)
    draw.ellipse([left, top + 24, left + 64, top + 88], DROP)
    draw.line([(left + 18, top + 57), (left + 29, top + 68), (left + 47, top + 45)], "white", 9, joint="curve")
