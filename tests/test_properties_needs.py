"""The last block of every runnable copy of a generated page prints what it prints on the page."""

import ast
import contextlib
import io
import random

from hypothesis import assume, given, note
from hypothesis import strategies as st

from blocks.needs.needs import read_programs

SETUP = "import contextlib\nimport random\n\nrandom.seed(0)\n"
LISTS, NUMBERS, ROWS, DICTS, OBJECTS = ("a", "b", "c"), ("i", "j"), ("rows",), ("table",), ("box", "bag")
START = [
    *(f"{name} = [{at}, {at + 1}, {at + 2}]\n" for at, name in enumerate(LISTS)),
    *(f"{name} = {at}\n" for at, name in enumerate(NUMBERS)),
    "rows = [a, [9]]\n",
    'table = {"k": b}\n',
    "class Box:\n    shared = [0]\n\n    def __init__(self, held):\n        self.held = held\n\n"
    "    def add(self, value):\n        self.held.append(value)\n\n    def give(self):\n        return self.held\n\n"
    "    def __call__(self, value):\n        self.held.append(value)\n        return len(self.held)\n",
    "box = Box(a)\n",
    "bag = Box([7])\n",
    "def grow(values):\n    values.append(5)\n",
    "def same(values):\n    return values\n",
    "def look():\n    return c\n",
    "def touch():\n    c.append(6)\n",
    "def count(seen=[0]):\n    seen.append(1)\n    return len(seen)\n",
    "def draw():\n    return random.randint(0, 99)\n",
    "def walk(values):\n    for value in values:\n        yield value\n",
    "rng = random.Random(1)\n",
]
SIMPLE = r"""
{l} = {l2}
{l} = {l2}[:]
{l} = list({l2})
{l} = {l2} + [{n}]
{l} = [{k}, {n}]
{l} = {r}[0]
{l} = {d}["k"]
{l} = {o}.held
{l} = same({l2})
{l} = {o}.give()
{l} = look()
{l} = [draw(), draw()]
{l} = [random.randint(0, 99) for _ in range(2)]
{l} = [v for v in {l2}]
{l} = [row for row in {r}][0]
{l} = sorted({l2})
{l} = {d}.get("k")
{l} = {d}.setdefault("k", [])
{l} = ({l2} or [1])
{l} = {l2} if {n} else {l}
{l} = next(iter({r}))
{l} = [*{l2}, {k}]
{l} = list(walk({l2}))
{l} = list(map(str, {l2}))
{l} = (lambda v: v)({l2})
{l} = max({r}, key=len)
{l} = [held for held in [{l2}]][0]
{l} = {o}.shared
{l} = getattr({o}, "held")
{l}.append({k})
{l}.append({n})
{l}.extend({l2}[:2])
{l} += [{k}]
{l}[0] = {k}
{l}[:] = [{k}]
{l}.insert(0, {k})
{l}.reverse()
{l}, {l2} = {l2}, {l}
del {l}[:-1]
{n} = {k}
{n} = {n2} + 1
{n} += {k}
{n} = len({l})
{n} = count()
{n} = {o}({k})
{n} = draw()
{n} = rng.randint(0, 99)
{n} = random.randint(0, 99)
{n} = {l}[-1] if isinstance({l}[-1], int) else 0
{r}.append({l})
{r}[0] = {l}
{r}[0].append({k})
{r} = [{l}, {l2}]
{r} = [same({l}), []]
{d}["k"] = {l}
{d}["k"].append({k})
{d} = {{"k": {l}}}
{d} = dict(k={l})
{d}.update(k={l})
{d} = {{key: {l} for key in ["k"]}}
{o}.held = {l}
{o}.held.append({k})
{o}.add({k})
{o} = Box({l})
{o} = {o2}
{o}.shared.append({k})
Box.shared = [{k}]
Box.shared.append({k})
Box.add({o}, {k})
setattr({o}, "held", {l})
grow({l})
grow({r}[0])
grow({o}.held)
grow(values={l})
touch()
[row.append({k}) for row in {r}]
random.seed({k})
random.shuffle({l})
rng.random()
random.random()
for v in {l}[:2]: {l2}.append({k})
for row in {r}: row.append({k})
for row in [{l}, {l2}]: row.append({k})
for key, row in {d}.items(): row.append({k})
for at, row in enumerate({r}): row.append({k})
for one, two in zip({r}, {r}): one.append({k})
for {n} in range(3): pass
if {n} > 1: {l} = [{k}]
if {n} > 1: {l}.append({k})
if {n} > 1: {n2} = {k}
while len({l}) < 2: {l}.append({k})
with contextlib.suppress(Exception): {l}.append({k})
with contextlib.nullcontext({l}) as held: held.append({k})
try: {l}.append({k})\nexcept Exception: pass
try: {l} = [{k}]\nfinally: pass
if (held := {l}): held.append({k})
{n} = (lambda: {n2} + 1)()
def grow(values):\n    values.insert(0, {k})
def grow(values):\n    held = values\n    held.append({k})
def grow(values):\n    same(values).append({k})
def grow(values):\n    values[0] = {n}
def grow(values):\n    {l}.append({k})
def same(values):\n    return [values][0]
def same(values):\n    held = values\n    return held
def same(values):\n    return {l}
def look():\n    return {l}
def look():\n    return {o}.held
def look():\n    return same({l})
def touch():\n    {l}.append({n})
def touch():\n    global {n}\n    {n} = {k}
def touch():\n    global {l}\n    {l} = [{k}]
def touch():\n    grow({l})
def touch():\n    {o}.add({k})
def touch():\n    {n} = [{k}]\n    {n}.append(1)
def draw():\n    return random.choice({l})
def draw():\n    return {k}
def draw():\n    return look()[0]
def count(start={n}):\n    return start
def count(start=len({l})):\n    return start
look = lambda: {l}
same = lambda values: values
draw = lambda: random.randint(0, 9)
grow = {l}.append
class Box(Box): pass
class Box(Box):\n    def add(self, value):\n        self.held.append({n})
class Box(Box):\n    def give(self):\n        return {l}
class Box(Box):\n    def give(self):\n        return list(self.held)
""".strip("\n").split("\n")
PRINTS = [
    "{l}",
    "{n}",
    "{r}",
    "{d}",
    "{o}.held",
    "{o}.give()",
    "look()",
    "count()",
    "draw()",
    "Box.shared",
    "same({l})",
]
NAMES = {"l": LISTS, "n": NUMBERS, "r": ROWS, "d": DICTS, "o": OBJECTS}


@st.composite
def statements(draw, templates):
    """One statement, or printed expression, over the page's names."""
    template = draw(st.sampled_from(templates))
    names = {}
    for letter, choices in NAMES.items():
        names[letter], names[f"{letter}2"] = draw(st.sampled_from(choices)), draw(st.sampled_from(choices))
    return template.replace("\\n", "\n").format(**names, k=draw(st.integers(0, 3))) + "\n"


BLOCKS = st.tuples(st.lists(statements(SIMPLE), max_size=3), st.lists(statements(PRINTS), max_size=1)).map(
    lambda parts: "".join(parts[0]) + "".join(f"print({expression.strip()})\n" for expression in parts[1])
)
PAGES = st.lists(BLOCKS.filter(bool), min_size=1, max_size=4)


def used(code: str) -> set[str]:
    """Return the names that stand in the code."""
    return {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}


def with_start(codes: list[str]) -> list[str]:
    """Return the page with the blocks before it that define what it uses, and no others."""
    start: list[str] = []
    needed = used("".join(codes))
    for code in reversed(START):
        [statement] = ast.parse(code).body
        if needed & ({getattr(statement, "name", "")} | {node.id for node in getattr(statement, "targets", [])}):
            start.insert(0, code)
            needed |= used(code)
    return [SETUP, *start, *codes]


def outputs(codes: list[str]) -> list[str]:
    """Return what each block prints when they run in order in one fresh namespace."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed = []
    for code in codes:
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            exec(compile(code, "block", "exec"), namespace)
        printed.append(stream.getvalue())
    return printed


@given(codes=PAGES)
def test_the_last_block_of_a_copy_prints_what_it_prints_on_the_page(codes):
    codes = with_start(codes)
    try:
        printed = outputs(codes)
    except Exception:
        assume(False)
    programs = read_programs(tuple(codes))
    for last, program in enumerate(programs):
        if not printed[last]:
            continue
        copy = [codes[index] for index in program]
        random.seed()
        note("\n---\n".join(copy))
        assert outputs(copy)[-1] == printed[last]
