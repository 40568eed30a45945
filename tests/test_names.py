"""What a block does to names is read off its code, the same in every Python."""

import pytest

from blocks.needs.names import read_names


@pytest.mark.parametrize(
    ("code", "now"),
    [
        ("y = x + 1", "x"),
        ("x = 1\ny = x", ""),
        ("y = x\nx = 1", "x"),
        ("x = x + 1", "x"),
        ("x += 1", "x"),
        ("x: int = y", "int y"),
        ("x: int", "int"),
        ("print(f'{x:.2f}')", "print x"),
        ("y = [x for x in rows]", "rows"),
        ("y = [x for row in rows for x in row if k]", "rows k"),
        ("y = {k: v for k, v in rows}", "rows"),
        ("x = [1]\ny = [x for x in x]", ""),
        ("y = [(n := v) for v in rows]\nn", "rows"),
        ("with guard() as x: x", "guard"),
        ("for x in x: x", "x"),
        ("@decorate\ndef f(): pass", "decorate"),
        ("def f(a: int = x): pass", "int x"),
        ("def f(): return f", ""),
        ("f = lambda a=x: y", "x"),
        ("class A(Base): pass", "Base"),
        ("class A:\n    size = x\n    other = size", "x"),
        ("class A:\n    size = 1\nsize", "size"),
        ("model.layer.weight", "model"),
        ("x[i] = y", "x i y"),
        ("del x", "x"),
        ("assert x", "x"),
        ("try: f()\nexcept E as e: e", "f E"),
        ("match x:\n    case [y, *z]: y, z", "x"),
    ],
)
def test_names_read_while_it_runs(code, now):
    assert read_names(code).now == set(now.split())


@pytest.mark.parametrize(
    ("code", "later"),
    [
        ("def f(a):\n    return a + x", "x"),
        ("def f():\n    x = 1\n    return x", ""),
        ("def f():\n    def g(): return x\n    return g", "x"),
        ("def f():\n    def g():\n        x = 1\n    return x", "x"),
        ("def f(x):\n    return [x for _ in rows]", "rows"),
        ("def f():\n    return [A() for _ in rows if x]", "A rows x"),
        ("class A:\n    def go(self): return x", "x"),
        ("g = lambda: y", "y"),
        ("rows = [x for _ in 'ab']", ""),
        ("def f():\n    global x\n    x += 1", "x"),
    ],
)
def test_names_read_by_functions(code, later):
    assert read_names(code).later == set(later.split())


@pytest.mark.parametrize(
    ("code", "binds", "fixed"),
    [
        ("x = y = 1", "x y", ""),
        ("x, (y, *z) = rows", "x y z", ""),
        ("import torch.nn as nn\nimport os.path\nfrom torch import optim", "nn os optim", "nn os optim"),
        ("def f(): x = 1", "f", "f"),
        ("class A: x = 1", "A", "A"),
        ("for i in rows: x = i", "i x", ""),
        ("with open(p) as file: pass", "file", ""),
        ("(n := 1)", "n", ""),
        ("x[0] = y.z = 1", "", ""),
        ("if flag: x = 1", "", ""),
        ("if __name__ == '__main__': x = 1", "x", ""),
    ],
)
def test_names_bound(code, binds, fixed):
    names = read_names(code)
    assert (names.binds, names.fixed) == (set(binds.split()), set(fixed.split()))


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("x[0] = 1", "x"),
        ("x[0].y.z = 1", "x"),
        ("x += 1", "x"),
        ("del x[0]", "x"),
        ("y = x.mul_(2)", "x"),
        ("rows.append(1)", "rows"),
        ("model.train().step(batch)", "model batch"),
        ("torch.nn.init.zeros_(weight)", "torch weight"),
        ("if flag: x = 1", "x"),
        ("while x: y = 1", "y"),
        ("@add_to(Model)\ndef go(self): pass", "Model"),
        ("@app.get('/')\nasync def read(): pass", "app"),
        ("@dataclass(frozen=True)\nclass A: pass", ""),
        ("try: import a\nexcept ImportError: a = None", "a"),
        ("for i in range(3): x.add_(i)", "i x"),
        *((code, "") for code in ("print(x)", "y = x + 1", "len(x)", "y = x.sum()", "y = x", "x.shape", "x.sum")),
    ],
)
def test_names_whose_object_changes(code, changes):
    assert read_names(code).changes == set(changes.split())
