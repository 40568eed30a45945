"""An explanation names the blocks that a block needs, for which names, and gives its copy."""

from pathlib import Path

from blocks.__main__ import main
from blocks.commands.explain import explanation

ROOT = Path(__file__).parents[1]


def test_needs_are_named_with_their_names(project):
    page = project.page(setup="import math\nx = 1", other="y = 2", show="print(math.pi, x)")
    lines = "\n".join(explanation(page, page["show"], project.root))
    assert "  needs 'setup' for math, x\n" in lines
    assert "other" not in lines
    assert "has not passed anywhere as it is now" in lines
    assert lines.endswith("import math\nx = 1\n\nprint(math.pi, x)")


def test_command_tells_where_a_block_passed(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["explain", "docs/tensors/creating.md::setup"]) == 0
    assert "  passed on CPU" in capsys.readouterr().out
    assert main(["explain", "docs/tensors/creating.md::nowhere"]) == 1
    assert "It has: setup, " in capsys.readouterr().err
