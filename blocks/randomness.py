"""Which statements draw from the global random stream, and which seed it."""

import ast

from blocks.syntax import DEFINITIONS, called

RANDOM = "<random stream>"
SEEDS = {"manual_seed", "seed", "set_rng_state"}
DRAWS = {
    *(
        "bernoulli",
        "choice",
        "dropout",
        "exponential_",
        "multinomial",
        "normal",
        "normal_",
        "orthogonal_",
        "permutation",
    ),
    *(
        "kaiming_normal_",
        "kaiming_uniform_",
        "xavier_normal_",
        "xavier_uniform_",
        "trunc_normal_",
        "uniform_",
        "uniform",
    ),
    *("rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "rrelu", "poisson", "sample"),
    *("permutation", "uniform", "random_split", "shuffle", "DataLoader", "WeightedRandomSampler"),
}


def draws(tree: ast.AST, drawing: set[str]) -> bool:
    """Tell whether code may draw from a random stream: a random function, or a layer with fresh weights."""
    apart = {id(call.func) for call in ast.walk(tree) if isinstance(call, ast.Call) and has_generator(call)}
    for node in ast.walk(tree):
        if id(node) in apart:
            continue
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        layer = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "nn"
        if layer or name in DRAWS or name in drawing or name.startswith("Random"):
            return True
    return False


def has_generator(call: ast.Call) -> bool:
    """Tell whether the call draws from a generator of its own."""
    return any(keyword.arg == "generator" for keyword in call.keywords)


def names_that_draw(trees: list[ast.Module]) -> set[str]:
    """Return the functions, classes and callable objects of a page whose use may draw again."""
    names: set[str] = set()
    for statement in [statement for tree in trees for statement in tree.body]:
        if isinstance(statement, DEFINITIONS) and draws(statement, names):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call) and draws(statement, names):
            layers = called(statement.value)[:1].isupper()
            names |= {target.id for target in statement.targets if isinstance(target, ast.Name) and layers}
    return names


def touches_stream(statement: ast.stmt, drawing: set[str]) -> str:
    """Return what running the statement does to the global stream: `seeds`, `draws` or nothing."""
    if isinstance(statement, DEFINITIONS):
        return ""
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call) and called(node) in SEEDS]
    if any(isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) for call in calls):
        return "seeds"
    return "draws" if draws(statement, drawing) else ""
