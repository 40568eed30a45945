"""The shell steps of the workflows, run here with the files and variables that GitHub would give them."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from blocks.commands.cells import jobs
from tests.conftest import Project
from tests.test_matrix import pinned

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".github/workflows"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yml"))}
EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
PYTHON = f"""\
#!/usr/bin/env bash
if [ "$1 $2" = "-m pip" ]; then echo "$@" >> "$PIP_LOG"; else exec {sys.executable} "$@"; fi
"""
CELLS = """\
skips = 0.02
shards = 2
[cpu]
runners = {{{system} = ["here"]}}
python = ["{python}"]
torch = {{"{torch}" = "{torchvision}"}}
[cuda]
runners = {{}}
python = []
torch = {{}}
"""
PAGES = "github.event_name == 'pull_request' && '--changed' || '--record --records records'"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the steps' own shell is that of Linux")


def steps(workflow, job):
    """Return the shell steps of a job, each with what it is given."""
    return [step for step in WORKFLOWS[workflow]["jobs"][job]["steps"] if "run" in step]


def step(workflow, job, part):
    """Return the one shell step that holds these words."""
    (found,) = [step for step in steps(workflow, job) if part in step["run"]]
    return found


def execute(step, folder, values=None, **environment):
    """Run a step as GitHub does, its expressions replaced by these values."""
    given = {
        name: EXPRESSION.sub(lambda match: str((values or {})[match[1]]), text)
        for name, text in step.get("env", {}).items()
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    path = f"{folder / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    known = outer | {"PATH": path, "CUDA_VISIBLE_DEVICES": ""} | given | environment
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def checkout(tmp_path):
    """Return a checkout of a guide of two pages, with this guide's tooling, and a `python` that installs nothing."""
    for name in ("conftest.py", "pyproject.toml", "requirements.txt", "requirements.in"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("blocks", "plugin", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    project = Project(tmp_path)
    project.write("snippets/tutorials/.keep", "")
    for stem in ("a/first", "b/second"):
        project.page(stem=stem, setup="x = 20", shown="print(x + 1)")
        project.write(f"snippets/{stem}.out", "# --8<-- [start:shown]\n21\n# --8<-- [end:shown]\n")
    python = project.write("bin/python", PYTHON)
    python.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(("workflow", "device"), [("test", "cpu"), ("gpu", "cuda")])
def test_matrix_is_handed_on_as_json(checkout, workflow, device):
    output = checkout / "output"
    done = execute(step(workflow, "cells", "blocks cells"), checkout, GITHUB_OUTPUT=str(output))
    assert (done.returncode, done.stderr) == (0, "")
    name, _, value = output.read_text().strip().partition("=")
    assert (name, json.loads(value)) == ("matrix", json.loads(json.dumps(jobs(ROOT, device))))


@pytest.mark.parametrize("workflow", ["test", "gpu"])
def test_matrix_that_cannot_be_read_fails_the_job(checkout, workflow):
    (checkout / ".ci/cells.toml").write_text("[cpu")
    done = execute(step(workflow, "cells", "blocks cells"), checkout, GITHUB_OUTPUT=str(checkout / "output"))
    assert done.returncode != 0 and not (checkout / "output").exists()


def test_gpu_run_by_hand_without_a_machine_fails():
    assert execute(step("gpu", "nowhere", "::error"), ROOT).returncode == 1


@pytest.mark.parametrize("job", jobs(ROOT, "cpu")[:4], ids=lambda job: job["name"])
def test_cell_is_installed_at_its_versions(checkout, job):
    values = {f"matrix.{name}": value for name, value in job.items()}
    log = checkout / "log"
    done = execute(step("test", "cell", ".ci/install"), checkout, values, PIP_LOG=str(log))
    assert (done.returncode, done.stderr) == (0, "")
    first, second = log.read_text().splitlines()
    assert f" torch=={job['torch']} torchvision=={job['torchvision']} " in first and first.endswith("/whl/cpu")
    assert second.endswith("-r .install.txt") and not (checkout / ".install.txt").exists()


def test_site_is_built_with_what_is_pinned_and_without_cuda(checkout):
    log = checkout / "log"
    assert execute(step("publish", "site", ".ci/install"), checkout, PIP_LOG=str(log)).returncode == 0
    assert f" torch=={pinned('torch')} torchvision=={pinned('torchvision')} --index-url" in log.read_text()


def test_nightly_installs_what_is_to_come(checkout):
    log = checkout / "log"
    assert execute(step("nightly", "run", ".ci/install"), checkout, PIP_LOG=str(log)).returncode == 0
    assert "--pre torch torchvision --index-url" in log.read_text().splitlines()[0]


def test_shards_of_a_cell_leave_records_that_publish(checkout):
    """Run both parts of a cell, gather their records as artifacts are, and let the gate judge them."""
    run = step("test", "cell", "pytest docs")
    for shard in (1, 2):
        values = {PAGES: "--record --records records", "matrix.shard": shard, "matrix.shards": 2}
        done = execute(run | {"run": run["run"].replace("-n auto", "-n 1")}, checkout, values)
        assert done.returncode == 0, done.stdout + done.stderr
        durations = checkout / ".pytest_cache/durations.json"
        assert json.loads(durations.read_text())
        durations.unlink()  # every runner of a cell begins with the durations of the runs before, and splits alike
        shutil.move(checkout / "records", checkout / f"artifacts/record-cell-{shard}")
    (record, _) = sorted(checkout.glob("artifacts/*/*.json"))
    place = json.loads(record.read_text())["environment"]
    (checkout / ".ci/cells.toml").write_text(CELLS.format(**place))
    (checkout / "artifacts").rename(checkout / "records")
    gate = step("publish", "site", "blocks gate")
    done = execute(gate, checkout)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Publish: 4 of 4 blocks passed in 1 environment.")
    assert [path.name for path in (checkout / "docs/records").iterdir()] == [record.name]
    shutil.rmtree(checkout / "records/record-cell-2")
    assert execute(gate, checkout).returncode == 1


def test_pull_request_runs_only_what_it_changed(checkout):
    run = step("test", "cell", "pytest docs")
    values = {PAGES: "--changed", "matrix.shard": 1, "matrix.shards": 1}
    one = run | {"run": run["run"].replace("-n auto", "-n 1")}
    for said in ("6 passed", "nothing to run: 2 pages passed here as they are now"):
        done = execute(one, checkout, values)
        assert (done.returncode, said in done.stdout) == (0, True), done.stdout + done.stderr


def test_nightly_that_ran_nothing_says_so(checkout):
    done = execute(step("nightly", "report", "blocks drift"), checkout)
    assert (done.returncode, (checkout / "issue.md").read_text()) == (0, "No block ran with the releases to come.\n")


def test_nightly_tells_what_fails(checkout):
    Project(checkout).page(stem="b/second", setup="x = 20", shown="import warnings\nwarnings.warn('use y')")
    run = step("nightly", "run", "pytest docs")
    done = execute(run | {"run": run["run"].replace("-n auto", "-n 1")}, checkout)
    assert (done.returncode, run["continue-on-error"]) == (1, True)
    assert execute(step("nightly", "report", "blocks drift"), checkout).returncode == 0
    assert "`shown` (snippets/b/second.py:9): `UserWarning: use y`" in (checkout / "issue.md").read_text()


def test_published_notebooks_go_to_their_branch(checkout):
    remote = checkout / "remote"
    subprocess.run(["git", "init", "-q", "--bare", remote], check=True)
    Project(checkout).write("site/a/first.ipynb", "{}")
    with tarfile.open(checkout / "artifact.tar", "w") as archive:
        archive.add(checkout / "site", ".")
    for part in ("tar -xf", "push-notebooks"):
        done = execute(step("publish", "notebooks", part), checkout, REMOTE=str(remote))
        assert done.returncode == 0, done.stderr
    tree = subprocess.run(
        ["git", "-C", remote, "ls-tree", "-r", "--name-only", "notebooks"], capture_output=True, text=True
    )
    assert tree.stdout == "a/first.ipynb\n"


def test_what_needs_a_job_that_may_be_skipped_says_when_it_runs():
    """A job is skipped with any job before it, in called workflows too, unless its own condition says otherwise."""
    publish = WORKFLOWS["publish"]["jobs"]
    below = [name for name, job in publish.items() if "needs" in job]
    assert below and all("!cancelled()" in publish[name]["if"] for name in below)
    assert "!cancelled()" in WORKFLOWS["nightly"]["jobs"]["report"]["if"]
