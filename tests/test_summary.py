"""Many environments become one true line."""

import pytest

from blocks.records.summary import spans, summary
from blocks.run.shared.environment import Environment


def environment(torch, python="3.11", system="Linux", gpu=""):
    return Environment("cuda" if gpu else "cpu", gpu or "x86_64", "", "", "", torch, "", python, system)


@pytest.mark.parametrize(
    ("versions", "text"),
    [
        (["2.15.0"], "2.15"),
        (["2.15.0", "2.11.0", "2.13.1", "2.12.0", "2.11.1"], "2.11 to 2.13, 2.15"),
        (["3.11", "3.12"], "3.11 and 3.12"),
        (["3.9", "3.11", "3.10"], "3.9 to 3.11"),
        (["2.16.0.dev20261120"], "2.16"),
    ],
)
def test_spans(versions, text):
    assert spans(versions) == text


def test_one_environment_keeps_its_whole_version():
    assert summary([environment("2.15.0")]) == "CPU with torch 2.15.0, Python 3.11, Linux"


def test_environments_by_device():
    many = [environment(f"2.{minor}.0") for minor in (15, 14, 13)]
    many += [environment("2.15.0", "3.14"), environment("2.15.0", system="macOS")]
    many.append(environment("2.13.0", gpu="NVIDIA H200"))
    assert summary(many) == (
        "CPU with torch 2.13 to 2.15, Python 3.11, 3.14, Linux, macOS; "
        "NVIDIA H200 with torch 2.13.0, Python 3.11, Linux"
    )
