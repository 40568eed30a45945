"""Whether what a block printed, or drew, is what its record says."""

import base64
import re
from collections.abc import Mapping
from io import BytesIO

from blocks.record.outputs import normalise

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?(?!\w|\.\d)")
NO_TOLERANCES: Mapping[str, float] = {}
WORD_BEFORE = re.compile(r"(\w+)[ :=]+$")
SLACK = 1.01  # two decimals one unit apart differ by a little more than it as binary numbers
LEAST_DIGITS = 3
MANY_DECIMALS = 5
PIXELS = 1.5
RASTER = re.compile(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)")
RASTER_RMS = 3.0
STYLE = re.compile(r'style="[^"]*"')
IDENTITY = re.compile(r"\b(image|[hmp])[0-9a-f]{10}\b")
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
LABEL = re.compile(r"(?<=>)[^<>]+(?=</t(?:ext|span)>)")


def same_output(
    expected: str, actual: str, varies: bool = False, tolerances: Mapping[str, float] = NO_TOLERANCES
) -> bool:
    """Tell whether two printed texts agree: words exactly, numbers to the precision written.

    A float that shows three or more significant digits may differ by one unit in its last written digit, which is what
    rounding can do. Integers, and floats with fewer digits, must be equal. With `varies`, numbers are not compared.

    `tolerances` gives how far a number may be off, in its own unit: under the word that stands before it, or under ""
    for every float that has no word of its own.
    """
    expected, actual = normalise(expected).rstrip("\n"), normalise(actual).rstrip("\n")
    if expected == actual:
        return True
    if varies:
        expected, actual = (THOUSANDS.sub("", text) for text in (expected, actual))
    if folded(NUMBER.sub("#", expected)) != folded(NUMBER.sub("#", actual)):
        return False
    wanted, given = list(NUMBER.finditer(expected)), list(NUMBER.finditer(actual))
    return len(wanted) == len(given) and (
        varies or all(same_number(a[0], b[0], tolerance_of(a, tolerances)) for a, b in zip(wanted, given, strict=True))
    )


def tolerance_of(number: re.Match[str], tolerances: Mapping[str, float]) -> float:
    """Return how far a printed number may be off, by the word before it on its line."""
    word = WORD_BEFORE.search(number.string, 0, number.start())
    if word and word[1] in tolerances:
        return tolerances[word[1]]
    return tolerances.get("", 0.0) if last_unit(number[0]) is not None else 0.0


def folded(text: str) -> str:
    """Return the text with runs of spaces as one: a minus sign or a digit more shifts columns."""
    return re.sub(r"(?<=[\[(]) (?=#)", "", re.sub(r" +", " ", text))


def same_number(expected: str, actual: str, tolerance: float = 0.0) -> bool:
    """Tell whether two written numbers agree to the precision of the first, or within the tolerance."""
    if expected == actual or (tolerance and abs(float(expected) - float(actual)) <= tolerance * SLACK):
        return True
    if "." in expected and "." in actual and float(expected) == float(actual) == 0:
        return True
    unit, other = last_unit(expected), last_unit(actual)
    digits = re.sub(r"[eE].*", "", expected).lstrip("+-0.").replace(".", "")
    if unit is None or other is None or len(digits) < LEAST_DIGITS or not same_precision(expected, actual):
        return False
    return abs(float(expected) - float(actual)) <= SLACK * max(unit, other)


def same_precision(expected: str, actual: str) -> bool:
    """Tell whether both show as many decimals or digits, or at least so many that no one chose how many."""
    written = [re.sub(r"[eE].*", "", number).lstrip("+-") for number in (expected, actual)]
    decimals = [len(number.partition(".")[2]) for number in written]
    significant = [len(number.replace(".", "").lstrip("0")) for number in written]
    return decimals[0] == decimals[1] or significant[0] == significant[1] or min(decimals) >= MANY_DECIMALS


def last_unit(number: str) -> float | None:
    """Return the value of one unit in the last written digit of a float, or None for a whole number."""
    mantissa, _, exponent = number.lower().partition("e")
    _, _, fraction = mantissa.partition(".")
    if not fraction and not exponent:
        return None
    return float(f"1e{int(exponent or 0) - len(fraction)}")


def same_picture(expected: str, actual: str) -> bool:
    """Tell whether two SVG pictures agree.

    Elements, colours and widths exactly, labels as printed text, coordinates to 1.5 pixels, rasters to an RMS of 3.
    """
    expected, actual = numbered(expected), numbered(actual)
    if expected == actual:
        return True
    labels = ["\n".join(LABEL.findall(svg)) for svg in (expected, actual)]
    if STYLE.findall(expected) != STYLE.findall(actual) or not same_output(labels[0], labels[1]):
        return False
    if RASTER.sub("", expected).count("<image") != RASTER.sub("", actual).count("<image"):
        return False
    rasters = zip(RASTER.findall(expected), RASTER.findall(actual), strict=True)
    wanted, given = RASTER.sub("", expected), RASTER.sub("", actual)
    if NUMBER.sub("#", wanted) != NUMBER.sub("#", given):
        return False
    numbers = zip(NUMBER.findall(wanted), NUMBER.findall(given), strict=True)
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
