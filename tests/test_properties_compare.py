"""What comparing outputs can never let through, and always must; and that records give back what went in."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, given
from hypothesis import strategies as st

from blocks.outputs.compare import same_output
from blocks.outputs.store import read_outputs, write_outputs

DTYPES = st.sampled_from(["bool", "uint8", "int8", "int32", "int64", "float16", "bfloat16", "float32", "float64"])
SHAPES = st.lists(st.integers(0, 2048), max_size=4).map(tuple)
WORDS = st.text(st.characters(whitelist_categories=("L",), max_codepoint=0x24F), min_size=1, max_size=8)
NAMES = st.from_regex(r"[a-z]{2,6}(-[a-z]{2,6}){0,2}", fullmatch=True)
PRINTED = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")) | st.just("\n"), min_size=1).filter(
    lambda text: "8<" not in text and text.strip("\n")
)


@given(st.integers(), st.integers(), WORDS)
def test_another_integer_is_another_output(one, other, word):
    assume(one != other)
    assert not same_output(f"{word} {one}", f"{word} {other}")


@given(SHAPES, SHAPES)
def test_another_shape_is_another_output(one, other):
    assume(one != other)
    assert not same_output(f"torch.Size({list(one)})", f"torch.Size({list(other)})")
    assert not same_output(str(one), str(other))


@given(DTYPES, DTYPES)
def test_another_dtype_is_another_output(one, other):
    assume(one != other)
    assert not same_output(f"torch.{one}", f"torch.{other}")


@given(WORDS, WORDS, st.floats(-1e3, 1e3))
def test_other_words_are_another_output(one, other, number):
    assume(one != other)
    assert not same_output(f"{one} {number:.3f}", f"{other} {number:.3f}")


@given(st.floats(1, 1e6), st.integers(2, 6), st.floats(-0.5, 0.5), st.booleans())
def test_what_differs_below_the_written_precision_is_the_same(number, decimals, share, negative):
    number = -number if negative else number
    nudged = number + share * 10.0**-decimals
    assert same_output(f"loss {number:.{decimals}f}", f"loss {nudged:.{decimals}f}")


@given(st.floats(1, 1e6), st.integers(2, 6), st.integers(3, 10**6))
def test_what_differs_above_it_is_not(number, decimals, units):
    assert not same_output(f"{number:.{decimals}f}", f"{number + units * 10.0**-decimals:.{decimals}f}")


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=6), st.integers(0, 5))
def test_one_number_more_is_another_output(numbers, decimals):
    shown = [f"{number:.{decimals}f}" for number in numbers]
    assert not same_output(f"[{', '.join(shown)}]", f"[{', '.join([*shown, '0'])}]")


@given(st.dictionaries(NAMES, PRINTED, max_size=5))
def test_recorded_outputs_are_read_back(outputs):
    with TemporaryDirectory() as folder:
        snippet = Path(folder, "page.py")
        write_outputs(snippet, outputs)
        ended = {name: text if text.endswith("\n") else f"{text}\n" for name, text in outputs.items()}
        assert read_outputs(snippet) == ended
