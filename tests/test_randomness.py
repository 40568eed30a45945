"""A statement that draws from the global random stream, or seeds it, is known for it."""

import ast

import pytest

from blocks.needs.randomness import names_that_draw, touches_stream

DRAWS = """
torch.rand(3)
torch.randn_like(x)
x = torch.randperm(10)
x.normal_()
nn.Linear(2, 3)
model = nn.Sequential(nn.Linear(2, 3))
nn.init.kaiming_uniform_(weight)
np.random.rand(3)
random.random()
random.shuffle(rows)
rng_free = torch.bernoulli(p)
loader = DataLoader(dataset, shuffle=True)
F.dropout(x)
torch.nn.Linear(2, 3)
torch.empty(2).random_()
"""


def touched(code):
    tree = ast.parse(code)
    return [touches_stream(statement, names_that_draw(tree.body)) for statement in tree.body]


@pytest.mark.parametrize("line", DRAWS.strip().splitlines())
def test_line_draws(line):
    assert touched(line) == ["draws"]


@pytest.mark.parametrize("line", ["torch.manual_seed(0)", "np.random.seed(0)", "random.seed(0)"])
def test_line_seeds(line):
    assert touched(line) == ["seeds"]


@pytest.mark.parametrize(
    "line",
    [
        "torch.zeros(3)",
        "print(x)",
        "torch.rand(3, generator=generator)",
        "def noise():\n    return torch.rand(3)",
        "generator = torch.Generator().manual_seed(0)",
        "generator.manual_seed(0)",
    ],
)
def test_line_leaves_the_stream_alone(line):
    assert touched(line) == [""]


def test_use_of_a_function_or_layer_that_draws():
    assert touched("def noise():\n    return torch.rand(3)\nx = noise()\ny = 1") == ["", "draws", ""]
    assert touched("class Net(nn.Module):\n    pass\nnet = Net()\ny = 1") == ["", "draws", ""]
