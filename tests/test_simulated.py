"""The simulated accelerator refuses what CUDA refuses, does the rest as the CPU does, and says where it cannot be."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from blocks.read.page import read_page
from blocks.read.paths import find_pages
from blocks.run import unsupported
from simulated import build
from tests import probes

ROOT = Path(__file__).parents[1]
WHY_NOT = build.missing()
here = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
HARNESS = """
import json, sys, traceback
sys.path.insert(0, {root!r})
from simulated.device import register
register()
setup, codes = json.load(sys.stdin)
for name, code in codes.items():
    namespace = {{}}
    exec(setup, namespace)
    try:
        exec(compile(code, name, "exec"), namespace)
        said = ""
    except Exception as error:
        said = "".join(traceback.format_exception(error))
    print(json.dumps([name, said]), flush=True)
"""


def probed(codes):
    """Return what each probe raised, or nothing, all in one process, which must end well."""
    given = json.dumps([probes.SETUP, codes])
    command = [sys.executable, "-c", HARNESS.format(root=str(ROOT))]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=300)
    said = dict(json.loads(line) for line in done.stdout.splitlines())
    assert (done.returncode, list(said)) == (0, list(codes)), done.stderr
    return said


@pytest.fixture(scope="module")
def raised():
    return probed({name: code for name, (code, _) in probes.RAISES.items()})


@pytest.fixture(scope="module")
def ran():
    return probed({name: dedent(code) for name, code in probes.RUNS.items()})


@here
@pytest.mark.parametrize("name", probes.RAISES)
def test_refused(raised, name):
    assert probes.RAISES[name][1] in raised[name]


@here
@pytest.mark.parametrize("name", probes.RUNS)
def test_done(ran, name):
    assert ran[name] == ""


@here
def test_programs_end_well():
    """Backward runs in a thread of the device, which must not be in the way of the end."""
    code = "x.requires_grad_(); (x * 2).sum().backward()"
    for _ in range(5):
        assert probed({"backward": code}) == {"backward": ""}


def test_what_it_cannot_do_is_said_of_blocks_that_exist_and_within_the_budget():
    budget, left_out = unsupported.read_cannot(ROOT)
    pages = {page.key: page for page in (read_page(path, ROOT) for path in find_pages(ROOT))}
    named = {(key, name) for key, blocks in left_out.items() for name in blocks}
    assert named <= {(key, block.name) for key, page in pages.items() for block in page.blocks}
    assert all(reason for blocks in left_out.values() for reason in blocks.values())
    assert len(named) <= budget * sum(len(page.blocks) for page in pages.values())
