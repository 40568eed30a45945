"""A block's runnable copy holds every earlier block that it needs, and no more where that is plain."""

import pytest

from blocks.needs.needs import needs

PAGES = {
    "imports": (["import math", "x = 1", "print(math.pi)"], "ac"),
    "value": (["x = 1", "y = 2", "print(x)"], "ac"),
    "value of a value": (["x = 1", "y = x + 1", "print(y)"], "abc"),
    "rebound": (["x = 1", "x = 2", "print(x)"], "bc"),
    "function": (["def f(): return 1", "y = 1", "f()"], "ac"),
    "function that reads a name": (["k = 1", "def f(): return k", "f()"], "abc"),
    "name that a function reads, bound later": (["def f(): return k", "k = 1", "f()"], "abc"),
    "class": (["class A: pass", "class B(A): pass", "B()"], "abc"),
    "attribute set": (["x = object()", "x.name = 1", "print(x.name)"], "abc"),
    "item set": (["x = [1]", "x[0] = 2", "print(x)"], "abc"),
    "in place": (["x = [1]", "x.append(2)", "print(x)"], "abc"),
    "in place by another name": (["x = torch.ones(3)", "y = x.view(-1)", "y[0] = 2", "print(x)"], "abcd"),
    "in place through an argument": (["x = []", "def add(rows): rows.append(1)", "add(x)", "print(x)"], "abcd"),
    "in place through a global": (["x = []", "def add(): x.append(1)", "add()", "print(x)"], "abcd"),
    "augmented": (["x = 1", "x += 1", "print(x)"], "abc"),
    "maybe rebound": (["x = 1", "if True: x = 2", "print(x)"], "abc"),
    "element of a list": (["a = [1]", "rows = [a]", "rows[0].append(2)", "print(a)"], "abcd"),
    "element of a loop": (["a = [1]", "for row in [a]: row.append(2)", "print(a)"], "abc"),
    "mode of a model": (["m = nn.Linear(1, 1)", "m.eval()", "print(m.training)"], "abc"),
    "gradient": (
        ["w = torch.ones(1, requires_grad=True)", "loss = (w * 2).sum()", "loss.backward()", "print(w.grad)"],
        "abcd",
    ),
    "step of an optimizer": (
        ["m = nn.Linear(1, 1)", "opt = SGD(m.parameters())", "opt.step()", "print(m.weight)"],
        "abcd",
    ),
    "seed": (["torch.manual_seed(0)", "x = 1", "print(torch.rand(1))"], "ac"),
    "place in the random stream": (["torch.manual_seed(0)", "y = torch.rand(1)", "print(torch.rand(1))"], "abc"),
    "loop that draws": (["torch.manual_seed(0)", "for i in torch.randperm(3): pass", "print(torch.rand(1))"], "abc"),
    "condition that draws": (["torch.manual_seed(0)", "if torch.rand(1): pass", "print(torch.rand(1))"], "abc"),
    "loop over a loader": (
        ["torch.manual_seed(0)", "loader = DataLoader([1])", "for row in loader: pass", "print(torch.rand(1))"],
        "abcd",
    ),
    "seeded again": (["torch.manual_seed(0)", "y = torch.rand(1)", "torch.manual_seed(0)\nprint(torch.rand(1))"], "c"),
    "own generator, seeded": (
        ["torch.manual_seed(0)", "g = torch.Generator()", "g.manual_seed(1)", "print(torch.rand(1))"],
        "ad",
    ),
    "own generator": (["y = torch.rand(1)", "g = torch.Generator()", "print(torch.rand(1, generator=g))"], "bc"),
    "setting of a module": (["import torch", "torch.set_default_dtype(torch.float64)", "print(torch.ones(1))"], "abc"),
    "file": (["x = 1", "path = 'x.pt'", "torch.save(x, path)", "y = torch.load(path)"], "abcd"),
    "built-in function": (["x = list(range(3))", "y = sum(x)", "print(list(range(2)), sum([1]))"], "c"),
    "unrelated": (["x = 1", "y = x", "print('alone')"], "c"),
    "method that changes its object": (
        ["class A:\n    def go(self): self.x = 1", "a = A()", "a.go()", "print(a.x)"],
        "abcd",
    ),
    "decorator": (["def twice(f): return f", "@twice\ndef g(): return 1", "g()"], "abc"),
    "default value": (["k = 1", "def f(a=k): return a", "f()"], "abc"),
    "default that is kept": (["def f(seen=[]):\n    seen.append(1)\n    return seen", "f()", "print(f())"], "abc"),
    "attribute of a class": (["class A: rows = []", "a = A()", "a.rows.append(1)", "print(A.rows)"], "abcd"),
    "constant of a class": (["class A: size = 1", "a = A()", "a.other = 1", "print(A.size)"], "ad"),
    "set by name": (["class A: pass", "a = A()", "setattr(a, 'x', 1)", "print(a.x)"], "abcd"),
    "method called on its class": (
        ["class A:\n    def add(self, v): self.v = v", "a = A()", "A.add(a, 1)", "print(a.v)"],
        "abcd",
    ),
    "comprehension for its effect": (["a = [1]", "b = [a]", "[row.append(2) for row in b]", "print(a)"], "abcd"),
    "name of a comprehension": (["v = 1", "x = [v for v in [2]]", "print(v)"], "ac"),
    "name inside a class": (["step = 1", "class A:\n    step = 2\n    def go(self): pass", "print(step)"], "ac"),
    "value of a comprehension": (
        ["a = [1]", "t = {k: a for k in 'x'}", "for k, row in t.items(): row.append(2)", "print(a)"],
        "abcd",
    ),
    "stored in a list": (["a = [1]", "b = []", "b.append(a)", "for row in b: row.append(2)", "print(a)"], "abcde"),
    "stored by a function": (
        ["def put(x, y): x.append(y)", "a = [1]\nb = []", "put(b, a)", "b[0].append(2)", "print(a)"],
        "abcde",
    ),
    "held by a context": (["a = [1]", "with nullcontext(a) as held: held.append(2)", "print(a)"], "abc"),
    "two methods of one name": (
        [
            "class A:\n    def put(self, x): x.append(1)",
            "class B:\n    def put(self, x): pass",
            "a = []",
            "A().put(a)",
            "print(a)",
        ],
        "acde",
    ),
    "global of a function": (["k = 1", "def f():\n    global k\n    k = 2", "f()", "print(k)"], "abcd"),
    "with": (["lock = object()", "x = 1", "with lock: print(1)"], "ac"),
}


@pytest.mark.parametrize(("codes", "expected"), PAGES.values(), ids=PAGES)
def test_needs(project, codes, expected):
    page = project.page(**dict(zip("abcdef", codes, strict=False)))
    assert "".join(block.name for block in needs(page, page.blocks[-1])) == expected
