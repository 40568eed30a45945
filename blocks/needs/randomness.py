"""Which statements draw from the global random stream, and which seed it."""

import ast
import re
from functools import cache

from blocks.needs.syntax import DEFINITIONS, called, every, roots

RANDOM = "<random stream>"
SEEDS = {"manual_seed", "seed", "set_rng_state"}
LIBRARIES = {"np", "numpy", "random", "torch"}
DRAWS = {
    *("bernoulli", "choice", "choices", "dropout", "exponential_", "gauss", "integers", "multinomial", "normal"),
    *("normal_", "orthogonal_", "permutation", "poisson", "rand", "rand_like", "randint", "randint_like", "randn"),
    *("randn_like", "random", "random_", "random_split", "randperm", "rrelu", "sample", "shuffle", "standard_normal"),
    *("kaiming_normal_", "kaiming_uniform_", "trunc_normal_", "uniform", "uniform_", "xavier_normal_"),
    *("xavier_uniform_", "DataLoader", "WeightedRandomSampler"),
}
REDRAWS = re.compile("Dropout|Loader|Random|RReLU|Sampler")
WITHOUT_WEIGHTS = {
    *("AvgPool2d", "Buffer", "Flatten", "GELU", "Identity", "MaxPool2d", "ModuleDict", "ModuleList", "Parameter"),
    *("ParameterList", "ReLU", "Sequential", "Sigmoid", "SiLU", "Softmax", "Softplus", "Tanh", "Unflatten"),
}


def draws(tree: ast.AST, drawing: set[str]) -> bool:
    """Tell whether code may draw from a random stream: a random function, or a layer with fresh weights."""
    apart = {call.func for call in every(tree, ast.Call) if has_generator(call)}
    nodes = [node for node in every(tree, ast.Attribute, ast.Name) if node not in apart]
    words = {last_name(node) for node in nodes}
    return bool(words & DRAWS or words & drawing or any(map(redraws, words)) or any(map(is_layer, nodes)))


def last_name(node: ast.AST) -> str:
    """Return the last part of a dotted name, or ''."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def is_layer(node: ast.AST) -> bool:
    """Tell whether the node names a class of `torch.nn` that draws its weights when it is made."""
    name = last_name(node)
    of_nn = isinstance(node, ast.Attribute) and last_name(node.value) == "nn"
    return of_nn and name[:1].isupper() and not name.endswith("Loss") and name not in WITHOUT_WEIGHTS


@cache
def redraws(name: str) -> bool:
    """Tell whether the name is of something that draws each time it is used, not only when it is made."""
    return bool(REDRAWS.search(name))


def has_generator(call: ast.Call) -> bool:
    """Tell whether the call draws from a generator of its own."""
    return any(keyword.arg == "generator" for keyword in call.keywords)


def names_that_draw(statements: list[ast.stmt]) -> set[str]:
    """Return the functions, classes and callable objects of a page whose use may draw again."""
    names: set[str] = set()
    again: set[str] = set()
    for statement in statements:
        words = {last_name(node) for node in every(statement, ast.Attribute, ast.Name)}
        repeats = bool(words & again) or any(map(redraws, words))
        if isinstance(statement, DEFINITIONS) and draws(statement, names):
            names.add(statement.name)
            again |= {statement.name} if repeats else set()
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call) and repeats:
            names |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
            again |= names & {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return names


def touches_stream(statement: ast.AST, drawing: set[str]) -> str:
    """Return what running the statement does to the global stream: `seeds`, `draws` or nothing."""
    if isinstance(statement, DEFINITIONS):
        return ""
    calls = [call for call in every(statement, ast.Call) if called(call) in SEEDS]
    if any(roots(call.func) & LIBRARIES and not any_call(call.func) for call in calls):
        return "seeds"
    return "draws" if draws(statement, drawing) else ""


def any_call(node: ast.AST) -> bool:
    """Tell whether a call stands anywhere below, such as in `torch.Generator().manual_seed`."""
    return bool(every(node, ast.Call))
