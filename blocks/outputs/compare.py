"""Whether what a block printed is what its record says."""

import re
from collections.abc import Mapping

from blocks.outputs.normalise import normalise

DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+\.\d*|\.\d+|\d+"  # the first with thousands separators
UNIT = r"(?=(?:[^\W\d_]{1,7}(?:/[^\W\d_]+)?)?(?!\w|\.\d))"  # attached, as in 12us, 1.5MiB, 3x, 250it/s
NUMBER = re.compile(rf"(?:(?<![\w.])[-+]?|(?<=[\d.])[-+](?=[\d.]+(?:e[-+]\d+)?j))(?:{DIGITS})(?:[eE][-+]?\d+)?{UNIT}")
NO_TOLERANCES: Mapping[str, float] = {}
WORD = re.compile(r"(?<![\w.])[^\W\d]\w*")
SLACK = 1.01  # two decimals one unit apart differ by a little more than it as binary numbers
LEAST_DIGITS = 3
MANY_DECIMALS = 5
SCALES = (  # a library that writes a time or a size chooses its unit by the number
    (re.compile(r"(?<=#)( ?)(?:[nuµμm]?s|[nmµμ]?sec)\b"), r"\1s"),
    (re.compile(r"(?<=#)( ?)[KMGT]?i?[Bb]\b"), r"\1B"),
    (re.compile(r"[-=_─]{2,}|(?<=\[)-+|-+(?=\])"), ""),  # the rules of a table are as wide as its numbers
)


def same_output(
    expected: str, actual: str, varies: bool = False, tolerances: Mapping[str, float] = NO_TOLERANCES
) -> bool:
    """Tell whether two printed texts agree: words exactly, numbers to the precision written.

    A float that shows three or more significant digits may differ by one unit in its last written digit, which is what
    rounding can do. Integers, and floats with fewer digits, must be equal. With `varies`, numbers are not compared, nor
    the scale of their units, nor the rules of tables. A unit may be attached to its number.

    `tolerances` gives how far a number may be off, in its own unit: under the last word before it on its line, or under
    "" for every float that has no word of its own.
    """
    expected, actual = normalise(expected).rstrip("\n"), normalise(actual).rstrip("\n")
    if expected == actual:
        return True
    if fold_spaces(NUMBER.sub("#", expected), varies) != fold_spaces(NUMBER.sub("#", actual), varies):
        return False
    wanted, given = list(NUMBER.finditer(expected)), list(NUMBER.finditer(actual))
    return len(wanted) == len(given) and (
        varies or all(agree(a, b, tolerances) for a, b in zip(wanted, given, strict=True))
    )


def agree(wanted: re.Match[str], given: re.Match[str], tolerances: Mapping[str, float] = NO_TOLERANCES) -> bool:
    """Tell whether two numbers in the same place of two texts agree."""
    return same_number(wanted[0], given[0], tolerance_of(wanted, tolerances) if tolerances else 0.0)


def tolerance_of(number: re.Match[str], tolerances: Mapping[str, float]) -> float:
    """Return how far a printed number may be off, by the last word before it on its line."""
    line = number.string.rfind("\n", 0, number.start()) + 1
    words = WORD.findall(number.string, line, number.start())
    if words and words[-1] in tolerances:
        return tolerances[words[-1]]
    return tolerances.get("", 0.0) if last_unit(number[0]) is not None else 0.0


def fold_spaces(text: str, varies: bool = False) -> str:
    """Return the text with runs of spaces as one: a minus sign or a digit more shifts columns."""
    for pattern, substitute in SCALES if varies else ():
        text = pattern.sub(substitute, text)
    text = re.sub(r"^ +| +$", "", text, flags=re.MULTILINE) if varies else text
    return re.sub(r"(?<=[\[(]) (?=#|-?(?:nan|inf)\b)", "", re.sub(r" +", " ", text))


def value(number: str) -> float:
    """Return what a written number stands for."""
    return float(number.replace(",", ""))


def same_number(expected: str, actual: str, tolerance: float = 0.0) -> bool:
    """Tell whether two written numbers agree to the precision of the first, or within the tolerance."""
    apart = abs(value(expected) - value(actual))
    if expected == actual or (tolerance and apart <= tolerance * SLACK):
        return True
    if "." in expected and "." in actual and value(expected) == value(actual) == 0:
        return True
    unit, other = last_unit(expected), last_unit(actual)
    digits = re.sub(r"[eE].*|[.,]", "", expected).lstrip("+-0")
    if unit is None or other is None or len(digits) < LEAST_DIGITS or not same_precision(expected, actual):
        return False
    return apart <= SLACK * max(unit, other)


def same_precision(expected: str, actual: str) -> bool:
    """Tell whether both show as many decimals or digits, or at least so many that no one chose how many."""
    written = [re.sub(r"[eE].*|,", "", number).lstrip("+-") for number in (expected, actual)]
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
