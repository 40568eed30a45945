"""Whether what a block drew is what its record shows."""

import base64
import re
from collections.abc import Mapping
from io import BytesIO

from blocks.outputs.compare import NO_TOLERANCES, same_output

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?(?!\w|\.\d)")
PIXELS = 1.5
RASTER = re.compile(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)")
RASTER_RMS = 3.0
STYLE = re.compile(r'style="[^"]*"')
OPACITY = re.compile(r"(?<=opacity: )[\d.]+")
IDENTITY = re.compile(r"\b(image|[hmp])[0-9a-f]{10}\b")
NUMERIC = re.compile(r"[-+\u2212\u00d7\d.,eE^{}$ %]+")  # with the minus and times signs of ticks
LABEL = re.compile(r"(?<=>)[^<>]+(?=</t(?:ext|span)>)")


def same_picture(
    expected: str, actual: str, varies: bool = False, tolerances: Mapping[str, float] = NO_TOLERANCES
) -> bool:
    """Tell whether two SVG pictures agree.

    Elements, colours and widths exactly, labels as printed text, coordinates to 1.5 pixels, rasters to an RMS of 3.
    With `varies`, only the kinds of lines and areas, of any opacity, and the labels that are no numbers.
    """
    expected, actual = numbered(expected), numbered(actual)
    if expected == actual:
        return True
    labels = ["\n".join(LABEL.findall(svg)) for svg in (expected, actual)]
    if varies:
        words = [[text for text in label.split("\n") if not NUMERIC.fullmatch(text)] for label in labels]
        styles = [set(STYLE.findall(OPACITY.sub("#", svg))) for svg in (expected, actual)]
        return styles[0] == styles[1] and same_output("\n".join(words[0]), "\n".join(words[1]), varies=True)
    if STYLE.findall(expected) != STYLE.findall(actual) or not same_output(labels[0], labels[1], tolerances=tolerances):
        return False
    return same_drawing(LABEL.sub("", expected), LABEL.sub("", actual))


def same_drawing(expected: str, actual: str) -> bool:
    """Tell whether elements, coordinates and rasters of two pictures agree."""
    wanted, given = RASTER.sub("", expected), RASTER.sub("", actual)
    if wanted.count("<image") != given.count("<image") or NUMBER.sub("#", wanted) != NUMBER.sub("#", given):
        return False
    numbers = zip(NUMBER.findall(wanted), NUMBER.findall(given), strict=True)
    rasters = zip(RASTER.findall(expected), RASTER.findall(actual), strict=True)
    return all(abs(float(a) - float(b)) <= PIXELS for a, b in numbers) and all(same_raster(a, b) for a, b in rasters)


def numbered(svg: str) -> str:
    """Return a picture with Matplotlib's identifiers, hashes of what they name, numbered as they come."""
    seen: dict[str, str] = {}
    return IDENTITY.sub(lambda match: seen.setdefault(match[0], f"{match[1]}-{len(seen)}"), svg)


def same_raster(expected: str, actual: str) -> bool:
    """Tell whether two embedded PNG images agree within the tolerance."""
    from matplotlib.image import imread
    from matplotlib.testing.compare import calculate_rms

    wanted, given = (imread(BytesIO(base64.b64decode(text)), format="png") * 255 for text in (expected, actual))
    return wanted.shape == given.shape and float(calculate_rms(wanted, given)) <= RASTER_RMS
