"""The card of a page is a PNG of the size that social sites show, and a long title fits on it."""

import io

from PIL import Image

from blocks.render.cards import SIZE, card


def test_card():
    for title in ("Devices", "Several long words that no line could hold, and then some more of them on another line"):
        made = card(title, "Tensors", "Guide")
        assert Image.open(io.BytesIO(made)).size == SIZE
        assert len(made) < 40_000
