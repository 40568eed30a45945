"""Printed text agrees word for word and to the precision written."""

import pytest

from blocks.outputs.compare import same_output

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
    ("took 0.1234s", "took 0.1235s"),
    ("1.234MiB/s", "1.235MiB/s"),
    ("tensor([0.1234+0.5678j])", "tensor([0.1234+0.5679j])"),
    ("tensor([0.5000-0.0000j])", "tensor([0.5000+0.0000j])"),
    ("(1.234e-05+1.000e+00j)", "(1.235e-05+1.001e+00j)"),
    ("1,234.56 steps", "1,234.57 steps"),
    ("999.9", "1,000.0"),
    ("tensor([nan, 0.123])", "tensor([   nan, 0.123])"),
    ("tensor([-inf, 0.123])", "tensor([  -inf, 0.123])"),
    ("\x1b[1mdone\x1b[0m", "done"),
    ("a\x00b\x07", "ab"),
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
    ("3x", "4x"),
    ("12us", "13us"),
    ("0.1234s", "0.1234ms"),
    ("tensor([0.1234+0.5678j])", "tensor([0.1234-0.5678j])"),
    ("1,234,567", "1,234,568"),
    ("1,234,567", "1,235,567"),
    ("0x3f800000", "0x40000000"),
    ("ffff3f80", "ffff4000"),
    ("[   nan, 0.123]", "[   inf, 0.123]"),
]


@pytest.mark.parametrize(("expected", "actual"), SAME)
def test_output_agrees(expected, actual):
    assert same_output(expected, actual)


@pytest.mark.parametrize(("expected", "actual"), DIFFERENT)
def test_output_differs(expected, actual):
    assert not same_output(expected, actual)


TABLE = """\
-----------  ------------  ----------
       Name    Self CPU %    CPU time
-----------  ------------  ----------
   aten::mm         2.59%     3.675us
-----------  ------------  ----------
Self CPU time total: 142.071us
"""
OTHER_TABLE = """\
-----------  --------------  ------------
       Name      Self CPU %      CPU time
-----------  --------------  ------------
   aten::mm          12.59%       1.203ms
-----------  --------------  ------------
Self CPU time total: 1.404ms
"""
RULES = "[-------- mm -------]\n             |    t\n1 threads: ----------\n      n=10   |    1.2\n"
OTHER_RULES = "[- mm -]\n            | t\n1 threads: ----\n      n=10  | 15.2\n"


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
        ("took 12 ms", "took 12 MB", False),
        ("took 0.0128s", "took 0.0174s", True),
        ("3.4x as fast", "2.9x as fast", True),
        ("12us", "1.3ms", True),
        ("peak 1.2MiB", "peak 860 KiB", False),
        ("peak 1.2 MiB", "peak 860 KiB", True),
        ("peak 1.2MiB", "peak 860KiB", True),
        ("9,123 samples/s", "12 samples/s", True),
        ("1,234it/s", "987it/s", True),
        ("[0.5+1.25j]", "[0.25-1.5j]", True),
        ("0x3f800000", "0x40000000", False),
        (TABLE, OTHER_TABLE, True),
        (TABLE, OTHER_TABLE.replace("aten::mm", "aten::bmm"), False),
        (RULES, OTHER_RULES, True),
        (RULES, OTHER_RULES.replace("n=10", "n=20"), True),
        (RULES, OTHER_RULES.replace("[- mm -]", "[- bmm -]"), False),
        ("took 12 ms", "took 12 ms or 13 ms", False),
    ],
)
def test_numbers_that_vary(expected, actual, same):
    assert same_output(expected, actual, varies=True) is same


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
        ("losses [0.31, 0.22]", "losses [0.35, 0.29]", {"losses": 0.1}, True),
        ("loss 0.31 -> 0.12", "loss 0.35 -> 0.19", {"loss": 0.1}, True),
        ("loss 0.5s 0.31", "loss 0.5s 0.35", {"loss": 0.1}, True),
        ("loss\n0.31", "loss\n0.35", {"loss": 0.1}, False),
        ("parameters 1,234", "parameters 1,244", {"parameters": 20}, True),
    ],
)
def test_tolerance(expected, actual, tolerances, agree):
    assert same_output(expected, actual, tolerances=tolerances) is agree


def test_thousands_separators_vary_with_their_numbers():
    assert same_output("allocated 0 bytes", "allocated 67,125,888 bytes", varies=True)
    assert not same_output("allocated 0 bytes", "allocated 67,125,888 bits", varies=True)
