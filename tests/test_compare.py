"""Printed text agrees word for word and to the precision written; pictures agree within a tolerance."""

import base64
from io import BytesIO

import pytest

from blocks.record.compare import same_output, same_picture

SAME = [
    ("loss 0.123", "loss 0.123"),
    ("loss 0.123", "loss 0.124"),
    ("loss 0.123", "loss 0.122"),
    ("1.00", "0.999"),
    ("99.9", "100.0"),
    ("0.00100", "0.00101"),
    ("1.234e-05", "1.235e-05"),
    ("1.000e-04", "9.999e-05"),
    ("-0.0", "0.0"),
    ("[-0.0000,  0.5000]", "[0.0000, 0.5000]"),
    ("[ 0.5000, -0.0000]", "[0.5000, 0.0000]"),
    ("tensor([[0.1234, 0.5678]])", "tensor([[0.1233, 0.5679]])"),
    ("9.99 9.99", "10.00 9.99"),
    ("done", "done\n\n"),
    ("<Thing at 0x7f3a5c2b1d90>", "<Thing at 0x7fffdeadbeef>"),
]
DIFFERENT = [
    ("epoch 100", "epoch 101"),
    ("1000000", "1000001"),
    ("torch.Size([2, 3])", "torch.Size([3, 2])"),
    ("torch.Size([128, 784])", "torch.Size([128, 785])"),
    ("(100, 200)", "(100, 201)"),
    ("[1, 2]", "[1, 2, 3]"),
    ("torch.float32", "torch.float64"),
    ("torch.int8", "torch.int16"),
    ("cpu", "cuda:0"),
    ("2.15.0", "2.15.1"),
    ("3", "3.0"),
    ("300", "300.0"),
    ("300.0", "300"),
    ("tensor([100., 200.])", "tensor([101., 200.])"),
    ("0.12", "0.13"),
    ("1.2", "1.3"),
    ("0.5", "0.4"),
    ("0.123", "0.125"),
    ("0.123", "-0.123"),
    ("0.001", "-0.001"),
    ("1.234", "2."),
    ("1.234", "1.2"),
    ("1.234e-05", "1.234e-04"),
    ("loss 0.123", "Loss 0.123"),
    ("a\nb", "a b"),
    ("a\n\nb", "a\nb"),
    ("", "0"),
    ("nan", "0.123"),
    ("0.123 nan", "0.123 inf"),
    ("True", "1"),
]


@pytest.mark.parametrize(("expected", "actual"), SAME)
def test_output_agrees(expected, actual):
    assert same_output(expected, actual)


@pytest.mark.parametrize(("expected", "actual"), DIFFERENT)
def test_output_differs(expected, actual):
    assert not same_output(expected, actual)


@pytest.mark.parametrize("number", [100, 999, -100, 123456789])
@pytest.mark.parametrize("text", ["{}", "torch.Size([{}, 2])", "x={}", "{}%", "({},)", "[1.234, {}]", "{}:"])
def test_different_integer_is_never_accepted(text, number):
    assert not same_output(text.format(number), text.format(number + 1))
    assert not same_output(text.format(number), text.format(number - 1))


@pytest.mark.parametrize("decimals", [3, 4, 6])
@pytest.mark.parametrize("number", [0.123456, 1.5, 12.25, 999.9999, -0.5])
def test_one_unit_of_the_last_digit_is_accepted_and_two_are_not(number, decimals):
    unit = 10**-decimals
    written = f"loss {number:.{decimals}f}"
    assert same_output(written, f"loss {number + unit:.{decimals}f}")
    assert not same_output(written, f"loss {number + 3 * unit:.{decimals}f}")


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("took 12 ms", "took 9 ms", True),
        ("took 1.5 s, 3 runs", "took 0.25 s, 4 runs", True),
        ("took 12 ms", "took 12 s", False),
        ("took 12 ms", "took 12 ms or 13 ms", False),
    ],
)
def test_numbers_that_vary(expected, actual, same):
    assert same_output(expected, actual, varies=True) is same


SVG = '<svg width="{width}"><path d="M {x} 2.5 L 30 40" style="opacity: {opacity}"/><text>{text}</text>{image}</svg>'


def svg(x=10.0, text="loss", image="", width="460", opacity=0.3) -> str:
    return SVG.format(x=x, text=text, image=image, width=width, opacity=opacity)


def raster(value: int, side: int = 4) -> str:
    """Return an embedded grey picture."""
    import numpy as np
    from matplotlib.image import imsave

    buffer = BytesIO()
    imsave(buffer, np.full((side, side, 3), value, dtype=np.uint8), format="png")
    return f'<image href="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"/>'


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (svg(), True),
        (svg(x=11.4), True),
        (svg(x=12.0), False),
        (svg(text="accuracy"), False),
        (svg(image="<path/>"), False),
        (svg(opacity=1.0), False),
    ],
)
def test_pictures_agree_within_pixels(other, same):
    assert same_picture(svg(), other) is same


@pytest.mark.parametrize(
    ("label", "other", "same"),
    [("20", "21", False), ("0.0", "1.0", False), ("loss 0.123", "loss 0.124", True), ("0.12", "0.13", False)],
)
def test_labels_agree_as_printed_text_does(label, other, same):
    assert same_picture(svg(text=label), svg(text=other)) is same


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (raster(102), True),
        (raster(110), False),
        (raster(100, side=5), False),
        ("", False),
        (raster(100) * 2, False),
        ('<image href="elsewhere.png"/>', False),
    ],
    ids=["near", "far", "size", "gone", "twice", "linked"],
)
def test_rasters_agree_within_tolerance(other, same):
    assert same_picture(svg(image=raster(100)), svg(image=other)) is same


@pytest.mark.parametrize(
    ("expected", "actual", "tolerances", "agree"),
    [
        ("accuracy 0.954", "accuracy 0.969", {"": 0.02}, True),
        ("accuracy 0.954", "accuracy 0.979", {"": 0.02}, False),
        ("accuracy 0.95", "accuracy 0.97", {"": 0.02}, True),
        ("37 of 40 right", "38 of 40 right", {"": 2.0}, False),
        ("right: 37 of 40", "right: 38 of 40", {"right": 2.0}, True),
        ("right: 37 of 40", "right: 37 of 41", {"right": 2.0}, False),
        ("loss 0.31, accuracy 0.9", "loss 0.38, accuracy 0.9", {"loss": 0.1}, True),
        ("loss 0.31, accuracy 0.91", "loss 0.31, accuracy 0.97", {"loss": 0.1}, False),
        ("loss=0.31", "loss=0.39", {"loss": 0.1, "": 0.01}, True),
        ("0.31 lost", "0.32 lost", {"": 0.02}, True),
        ("loss 0.31", "cost 0.31", {"": 0.02}, False),
    ],
)
def test_tolerance(expected, actual, tolerances, agree):
    assert same_output(expected, actual, tolerances=tolerances) is agree


def test_thousands_separators_vary_with_their_numbers():
    assert same_output("allocated 0 bytes", "allocated 67,125,888 bytes", varies=True)
    assert not same_output("allocated 0 bytes", "allocated 67,125,888 bits", varies=True)


def test_identifiers_of_pictures_are_hashes_and_do_not_count():
    one = '<svg><clipPath id="p0123456789"/><use href="#p0123456789" clip-path="url(#m9876543210)" x="1.0"/></svg>'
    two = one.replace("p0123456789", "pabcdefabcd").replace("m9876543210", "m0000000000").replace('"1.0"', '"1.2"')
    assert same_picture(one, two)
    assert not same_picture(one, two.replace("url(#m0000000000)", "url(#pabcdefabcd)"))
