"""Pictures agree within a tolerance, their labels as printed text does."""

import base64
from io import BytesIO

import pytest

from blocks.outputs.pictures import same_picture

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


def test_identifiers_of_pictures_are_hashes_and_do_not_count():
    one = '<svg><clipPath id="p0123456789"/><use href="#p0123456789" clip-path="url(#m9876543210)" x="1.0"/></svg>'
    two = one.replace("p0123456789", "pabcdefabcd").replace("m9876543210", "m0000000000").replace('"1.0"', '"1.2"')
    assert same_picture(one, two)
    assert not same_picture(one, two.replace("url(#m0000000000)", "url(#pabcdefabcd)"))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (svg(x=200.0, text="loss"), True),
        (svg(text="cost"), False),
        (svg(opacity=1.0), True),
        (svg().replace('style="', 'style="fill: red; '), False),
        (svg().replace("L 30 40", "L 30 40 L 50 60"), True),
        (svg().replace("</text>", "</text><text>0.25</text>"), True),
    ],
)
def test_picture_that_varies_shows_the_same_kinds(other, same):
    assert same_picture(svg(), other, varies=True) is same


def test_labels_have_the_tolerance_of_what_is_printed():
    pair = svg(text="loss 0.31"), svg(text="loss 0.38")
    assert same_picture(*pair, tolerances={"loss": 0.1})
    assert not same_picture(*pair)
