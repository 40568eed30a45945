"""What a mark may be given is read off the signature of a function."""

import pytest

from blocks.read.signatures import missing_argument, misuse


@pytest.mark.parametrize(
    ("name", "given", "word"),
    [
        ("figure", {}, "alt"),
        ("figure", {"alt": "a line"}, ""),
        ("skip", {"reason": "why"}, "until"),
        ("slow", {}, "reason"),
        ("raises", {}, ""),
    ],
)
def test_texts_that_are_required(name, given, word):
    assert missing_argument(name, given) == word


@pytest.mark.parametrize(
    ("name", "args", "given", "fault"),
    [
        ("cuda", (), {}, ""),
        ("cuda", (2,), {}, "takes 0 positional arguments"),
        ("file", ("train.py",), {}, ""),
        ("file", ("../train.py",), {}, "has '../train.py', which is no name of a file"),
        ("raises", (ValueError,), {"match": "size"}, ""),
        ("raises", (ValueError,), {"pattern": "size"}, "takes no pattern="),
        ("slow", (300,), {"reason": "why"}, ""),
        ("slow", (-1,), {"reason": "why"}, "has -1, which is no number of seconds"),
        ("tolerance", (), {"loss": 0.1, "match": 3}, ""),
        ("torch", (">=2.13",), {}, ""),
        ("torch", (), {}, "takes 1 positional arguments"),
    ],
)
def test_arguments(name, args, given, fault):
    assert misuse(name, args, given) == fault
