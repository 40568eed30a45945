"""Whatever ends a run early leaves no half-written file and no process behind."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from blocks.outputs.store import read_outputs, write_outputs
from blocks.text_files import write_whole
from tests.conftest import copy_settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits are those of Unix")
ROOT = Path(__file__).parents[1]
WAITS = "import os, pathlib, subprocess, time\nchild = subprocess.Popen(['sleep', '300'])\n"


@pytest.fixture
def session(project, tmp_path_factory):
    """Return what starts pytest on the project, with a name of its own on every process that comes of it."""
    copy_settings(project.root)
    name = f"INTERRUPTED={project.root}"
    environment = os.environ | dict([name.split("=")]) | {"PYTHONPATH": str(ROOT), "HOME": tempfile.gettempdir()}
    environment["TMPDIR"] = str(tmp_path_factory.mktemp("left"))  # a killed run cannot remove its folders

    def start(*arguments):
        command = [sys.executable, "-m", "pytest", "-q", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        listen = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # a shell's background job does not
        start = {"start_new_session": True, "preexec_fn": listen}
        return subprocess.Popen(command, cwd=project.root, env=environment, **start, **pipes)

    yield start
    for process in family(project):
        process.kill()


def family(project):
    """Return the processes that runs of the project have started and that are not over."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            alive = process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid()
            if alive and process.environ().get("INTERRUPTED") == str(project.root):
                found.append(process)
    return found


def wait_for(condition, seconds=30.0):
    """Wait until the condition holds, and return whether it does."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(condition())


def waiting_page(project, stem="tensors/sample"):
    """Write a page whose second block says that it runs, with a child of its own, and waits."""
    flag = project.root / f"{stem.replace('/', '-')}.flag"
    project.page(stem=stem, first="print(1)", waits=f"{WAITS}pathlib.Path({str(flag)!r}).touch()\ntime.sleep(300)")
    return flag


def tree(project):
    """Return what the project holds but for caches: names and bytes."""
    files = [path for path in project.root.rglob("*") if path.is_file()]
    caches = {".pytest_cache", "__pycache__"}
    return {path: path.read_bytes() for path in files if not caches & set(path.parts) and path.suffix != ".flag"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
def test_ended_run_leaves_nothing(project, session, number):
    flag = waiting_page(project)
    before = tree(project)
    run = session("--update-outputs", "--record")
    assert wait_for(flag.exists)
    os.killpg(run.pid, number)
    run.communicate(timeout=30)
    assert wait_for(lambda: not family(project), 10)
    assert tree(project) == before


def test_interrupt_is_told_in_few_lines(project, session):
    flag = waiting_page(project)
    run = session()
    assert wait_for(flag.exists)
    os.killpg(run.pid, signal.SIGINT)
    printed, _ = run.communicate(timeout=30)
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in printed
    assert "Traceback" not in printed


def test_killed_worker_fails_its_page_alone(project, session):
    flag = waiting_page(project, "a/waits")
    project.page(stem="b/fine", only="x = 1")
    run = session("-n", "2", "--dist", "loadfile", "-p", "no:cacheprovider")
    assert wait_for(flag.exists)
    sleeper = next(process for process in family(project) if process.name() == "sleep")
    worker = next(process for process in sleeper.parents() if process.ppid() == run.pid)
    worker.kill()
    time.sleep(0.5)
    flag.unlink()
    if wait_for(flag.exists, 20):  # a new worker may try the page again
        os.killpg(run.pid, signal.SIGINT)
    printed, _ = run.communicate(timeout=30)
    assert "crashed" in printed
    assert wait_for(lambda: not family(project), 10)


def test_two_runs_at_once_write_whole_files(project, session):
    for stem in ("a/one", "b/two"):
        project.page(stem=stem, first="print(1)", second="print('x' * 1000)")
    runs = [session("--update-outputs") for _ in range(2)]
    assert {run.wait(60) for run in runs} == {0}
    assert {path.name for path in tree(project)} - {"pyproject.toml", "conftest.py"} == {
        f"{stem}.{kind}" for stem in ("one", "two") for kind in ("md", "py", "out")
    }
    assert read_outputs(project.root / "snippets/a/one.py") == {"first": "1\n", "second": "x" * 1000 + "\n"}
    memories = list((project.root / ".pytest_cache/d/pages").rglob("*"))
    assert all(json.loads(path.read_text()) for path in memories if path.is_file())


@contextlib.contextmanager
def full_disk():
    """Let this process write files of 1,000 bytes at most; its own printed output may be a longer one, so be brief."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_full_disk_keeps_the_old_file(tmp_path):
    snippet = tmp_path / "page.py"
    write_outputs(snippet, {"only": "old\n"})
    with pytest.raises(OSError), full_disk():
        write_outputs(snippet, {"only": "new\n" * 1000})
    assert read_outputs(snippet) == {"only": "old\n"}
    assert [path.name for path in tmp_path.iterdir()] == ["page.out"]


def test_readers_see_the_old_text_or_the_new(tmp_path):
    path, texts = tmp_path / "file", ["a" * 100_000, "b" * 100_000]
    write_whole(path, texts[0])
    writer = threading.Thread(target=lambda: [write_whole(path, texts[n % 2]) for n in range(100)])
    writer.start()
    seen = {path.read_text() for _ in range(200)}
    writer.join()
    assert seen <= set(texts)
