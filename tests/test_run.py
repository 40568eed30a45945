"""A block that misbehaves fails alone, with the reason; one that behaves finds what a script finds."""

import contextlib
import os
import sys
import time

import psutil
import pytest

from blocks.read.page import read_page
from blocks.run.runner import Limits, Runner
from blocks.run.server import standby

GIB = 2**30
unix = pytest.mark.skipif(sys.platform == "win32", reason="signals, fork and sleep are those of Unix")
FAULTS = {
    "calls sys.exit": ("import sys; sys.exit()", "the block ended the program: SystemExit(None)"),
    "calls os._exit": ("import os; os._exit(0)", "the block ended its process with exit code 0"),
    "exits and leaves a copy": (
        "import os, time\nif os.fork(): os._exit(3)\ntime.sleep(60)",
        "the block ended its process with exit code 3",
    ),
    "kills itself": ("import os; os.kill(os.getpid(), 9)", "the block was killed by SIGKILL"),
    "segfaults": ("import ctypes; ctypes.string_at(0)", "the block was killed by SIGSEGV"),
    "aborts": ("import os; os.abort()", "the block was killed by SIGABRT"),
    "loops": ("while True: pass", "the block took longer than 1 s"),
    "ignores signals": (
        "import signal, time\nfor n in (2, 6, 14, 15): signal.signal(n, signal.SIG_IGN)\ntime.sleep(60)",
        "the block took longer than 1 s",
    ),
    "prints for ever": ("while True: print('x' * 1000)", "the block printed more than 1,048,576 bytes"),
    "prints 2 MB at once": ("print('x' * 2**21)", "the block printed more than 1,048,576 bytes"),
    "prints 100 MB at once": ("print('x' * 100_000_000)", "the block printed more than 1,048,576 bytes"),
    "eats memory": (
        "import time\nhoard = []\nwhile True: hoard.append(bytearray(2**24)); time.sleep(0.001)",
        "the block used more than 1.0 GiB of memory",
    ),
    "closes its pipe": ("import os; os.closerange(3, 256); raise ValueError('boom')", "the block ended its process"),
}
HARMLESS = {
    "closes stdout": "import sys; sys.stdout.close()",
    "closes file descriptor 1": "import os; os.close(1)",
    "closes stdin": "import os, sys; sys.stdin.close(); os.close(0)",
    "changes directory": "import os; os.chdir('/')",
    "sets the default dtype": "import torch; torch.set_default_dtype(torch.float64)",
    "sets the default device": "import torch; torch.set_default_device('meta')",
    "changes the environment": "import os; os.environ['LEFT_BEHIND'] = '1'",
    "filters warnings": "import warnings; warnings.simplefilter('ignore')",
    "patches a library": "import torch; torch.ones = None",
    "imports by name": "import sys; sys.modules['left_behind'] = sys",
    "leaves a file": "open('left_behind', 'w').close()",
    "forks and waits": "import os\npid = os.fork()\nif pid:\n    os.waitpid(pid, 0)",
    "forks and does not wait": "import os\nos.fork()",
    "has a thread that never ends": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()",
    "leaves a child behind": "import subprocess; subprocess.Popen(['sleep', '60'])",
}
UNHARMED = """
import os, sys, torch, warnings
print(os.listdir(), torch.get_default_dtype(), torch.ones(1).device, os.environ.get("LEFT_BEHIND"))
print("left_behind" in sys.modules)
try:
    warnings.warn("old")
except UserWarning as error:
    print("error:", error)
"""


def assert_unharmed(project, start):
    page = project.page(stem="tensors/after", only=UNHARMED)
    [after] = start().run(page, list(page.blocks))
    assert (after.outcome, after.reason) == ("passed", "")
    assert after.output == "[] torch.float32 cpu None\nFalse\nerror: old\n"


@unix
@pytest.mark.parametrize(("code", "reason"), FAULTS.values(), ids=FAULTS)
def test_faulty_block_fails_alone(project, run, start, code, reason):
    limits = {"seconds": 1.0 if "1 s" in reason else 20.0, "memory": GIB}
    before, faulty, rest = run(limits=limits, before="print('fine')", faulty=code, rest="print('never')")
    assert (before.outcome, before.output) == ("passed", "fine\n")
    assert faulty.outcome == "failed"
    assert faulty.reason.startswith(reason)
    assert len(faulty.output) <= Limits().printed
    assert (rest.outcome, rest.reason, rest.output) == ("not run", "faulty failed", "")
    assert_unharmed(project, start)


@unix
@pytest.mark.parametrize("code", HARMLESS.values(), ids=HARMLESS)
def test_block_leaves_next_page_alone(project, run, start, code):
    started = time.monotonic()
    [result] = run(only=code)
    assert (result.outcome, result.reason) == ("passed", "")
    assert time.monotonic() - started < 5
    assert_unharmed(project, start)


@unix
def test_page_goes_on_in_one_process_after_a_fork(run):
    forked, after = run(forked="import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)", after="print('once')")
    assert (forked.outcome, after.output) == ("passed", "once\n")


def test_results_come_as_blocks_end(project, start):
    page = project.page(quick="print('quick')", slow="import time; time.sleep(60)")
    results = start().run(page, list(page.blocks))
    assert next(results).output == "quick\n"
    results.close()


@unix
@pytest.mark.parametrize("options", ["", ", start_new_session=True"], ids=["same session", "own session"])
@pytest.mark.parametrize("ending", ["pass", "raise ValueError", "time.sleep(60)"], ids=["passes", "fails", "hangs"])
def test_children_left_behind_are_ended(run, options, ending):
    code = f"import os, subprocess, time\nprint(subprocess.Popen(['sleep', '60']{options}).pid)"
    first, _ = run(limits={"seconds": 1.0}, first=code, second=ending)
    assert not is_running(int(first.output))


def is_running(pid):
    """Tell whether the process still runs, after a moment to go."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        deadline = time.monotonic() + 2
        while process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                process.kill()
                return True
            time.sleep(0.02)
    return False


def test_blocks_share_one_namespace(run):
    first, second = run(first="x = 20", second="print(x + 1, __name__, __file__.endswith('sample.py'))")
    assert (first.output, second.output) == ("", "21 __main__ True\n")


def test_main_guard_runs(run):
    [result] = run(only="if __name__ == '__main__':\n    print('guarded')")
    assert result.output == "guarded\n"


def test_traceback_names_snippet_and_line(run, project):
    results = run(first="x = 1", second="def fail():\n    raise KeyError('gone')\n\n\nprint('before')\nfail()")
    reason, snippet = results[1].reason, project.root / "snippets/tensors/sample.py"
    lines = ["", *snippet.read_text().splitlines()]
    assert f'File "{snippet}", line {lines.index("fail()")}, in <module>\n    fail()' in reason
    assert f'File "{snippet}", line {lines.index("def fail():") + 1}, in fail\n' in reason
    assert reason.endswith("KeyError: 'gone'")
    assert "blocks" + os.sep not in reason
    assert results[1].output == "before\n"


def test_source_is_at_hand(run):
    [result] = run(
        only="""
        import inspect


        def double(x):
            return 2 * x


        class Half:
            def __call__(self, x):
                return x / 2


        print(inspect.getsource(double) + inspect.getsource(Half))
        """
    )
    assert result.output.startswith("def double(x):\n    return 2 * x\nclass Half:\n    def __call__")


def test_module_that_it_writes_is_imported(run):
    [result] = run(only="open('beside.py', 'w').write('x = 1')\nimport beside\nprint(beside.x)")
    assert (result.reason, result.output) == ("", "1\n")


def test_own_class_can_be_pickled(run):
    [result] = run(
        only="class Point:\n    pass\n\n\nimport pickle\nprint(type(pickle.loads(pickle.dumps(Point()))) is Point)"
    )
    assert (result.reason, result.output) == ("", "True\n")


def test_data_loader_workers(run):
    [result] = run(
        only="""
        from torch.utils.data import DataLoader, Dataset


        class Squares(Dataset):
            def __len__(self):
                return 8

            def __getitem__(self, index):
                return index**2


        print([batch.tolist() for batch in DataLoader(Squares(), batch_size=4, num_workers=2)])
        """
    )
    assert (result.reason, result.output) == ("", "[[0, 1, 4, 9], [16, 25, 36, 49]]\n")


@pytest.mark.parametrize("category", ["DeprecationWarning", "FutureWarning", "UserWarning"])
def test_warning_is_an_error(run, category):
    [result] = run(only=f"import warnings\nwarnings.warn('old', {category})")
    assert result.outcome == "failed"
    assert result.reason.endswith(f"{category}: old")


def test_warning_from_torch_is_an_error(run):
    [result] = run(only="import torch\ntorch.ones(2, 3, 4).T")
    assert "UserWarning: The use of `x.T`" in result.reason


EXPECTED = {
    "raises": ("raises(ValueError, match='two')", "raise ValueError('one two')", "ValueError: one two\n", ""),
    "raises a subclass": ("raises(LookupError)", "{}['gone']", "KeyError: 'gone'\n", ""),
    "raises SystemExit": ("raises(SystemExit)", "import sys; sys.exit(2)", "SystemExit: 2\n", ""),
    "raises another message": (
        "raises(ValueError, match='two')",
        "raise ValueError('one')",
        "",
        "the block raised ValueError: one, and should raise ValueError with a message that matches 'two'\n\nTraceback",
    ),
    "raises another type": (
        "raises(KeyError)",
        "raise ValueError('one')",
        "",
        "the block raised ValueError: one, and should raise KeyError\n\nTraceback",
    ),
    "raises nothing": ("raises(ValueError)", "pass", "", "the block raised nothing, and should raise ValueError"),
    "warns": ("warns(UserWarning, match='old')", "warn('so old')", "UserWarning: so old\n", ""),
    "warns twice": ("warns(UserWarning)", "warn('a')\nwarn('a')", "UserWarning: a\nUserWarning: a\n", ""),
    "warns a subclass": ("warns(Warning)", "warn('a', FutureWarning)", "FutureWarning: a\n", ""),
    "warns another message": (
        "warns(UserWarning, match='old')",
        "warn('new')",
        "",
        "the block warned UserWarning: new, and should warn UserWarning with a message that matches 'old'\n\nTraceback",
    ),
    "warns of another kind": (
        "warns(UserWarning)",
        "warn('old', FutureWarning)",
        "",
        "the block warned FutureWarning: old, and should warn UserWarning\n\nTraceback",
    ),
    "warns of nothing": ("warns(UserWarning)", "pass", "", "the block warned of nothing, and should warn UserWarning"),
}
CHILDREN = {
    "process": (
        "import multiprocessing\ndef work(): raise ValueError('mine')\n"
        "p = multiprocessing.get_context('fork').Process(target=work)\np.start()\np.join()\nprint('went on')",
        "a process that the block started failed: ValueError: mine",
    ),
    "spawned process": (
        "import multiprocessing\ndef work(): raise ValueError('mine')\n"
        "if __name__ == '__main__':\n"
        "    p = multiprocessing.get_context('spawn').Process(target=work)\n    p.start()\n    p.join()",
        "a process that the block started failed: ValueError: mine",
    ),
    "fork": (
        "import os\npid = os.fork()\nif not pid: raise KeyError('mine')\nos.waitpid(pid, 0)",
        "a process that the block started failed: KeyError: 'mine'",
    ),
    "thread": (
        "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()",
        "a thread that the block started failed: ZeroDivisionError: division by zero",
    ),
    "worker without a guard": (
        "import multiprocessing\np = multiprocessing.get_context('spawn').Process(target=print)\np.start()\np.join()",
        "a process that the block started failed: RuntimeError: An attempt has been made to start a new process before",
    ),
}


@unix
@pytest.mark.parametrize(("code", "reason"), CHILDREN.values(), ids=CHILDREN)
def test_block_fails_with_what_it_started(run, code, reason):
    [result] = run(only=code)
    assert result.outcome == "failed"
    assert result.reason.startswith(reason)
    assert "standard error:\n" in result.reason and "Traceback" in result.reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("plt.title('損失')\nplt.show()", "UserWarning: Glyph 25613"),
        ("plt.title(r'$\\frac{1}$')\nplt.show()", "ValueError: "),
    ],
    ids=["glyph", "mathtext"],
)
def test_drawing_that_fails_says_why(run, code, reason):
    [result] = run(marks={"only": "figure(alt='a line')"}, only=f"import matplotlib.pyplot as plt\n{code}")
    assert result.outcome == "failed" and reason in result.reason
    assert "blocks" + os.sep not in result.reason


@pytest.mark.parametrize(("mark", "code", "output", "reason"), EXPECTED.values(), ids=EXPECTED)
def test_expected_exception_or_warning(run, mark, code, output, reason):
    [result] = run(marks={"only": mark}, only=f"from warnings import warn\n{code}")
    assert result.outcome == ("failed" if reason else "passed")
    assert result.output == output
    assert reason in result.reason


def test_page_goes_on_after_expected_exception(run):
    _, after = run(marks={"wrong": "raises(ValueError)"}, wrong="x = 1\nint('x')", after="print(x)")
    assert (after.outcome, after.output) == ("passed", "1\n")


def test_output_of_programs_that_the_block_starts_is_captured(run):
    [result] = run(only="import os\nprint('mine')\nos.system('echo theirs')")
    assert result.output == "mine\ntheirs\n"


def test_standard_error_is_no_output(run):
    [result] = run(only="import sys\nprint('aside', file=sys.stderr)\nprint('shown')")
    assert result.output == "shown\n"


def test_input_is_empty(run):
    [result] = run(only="input()")
    assert result.reason.endswith("EOFError: EOF when reading a line")


@unix
@pytest.mark.parametrize(("code", "outcome"), [("true\necho fine", "passed"), ("false\necho fine", "failed")])
def test_shell_stops_at_first_failing_line(project, start, code, outcome):
    page = read_page(project.write("docs/shell.md", f"```bash\n{code}\n```\n"), project.root)
    [result] = start().run(page, list(page.blocks))
    assert result.outcome == outcome
    assert result.output == ("fine\n" if outcome == "passed" else "")


@unix
def test_failing_shell_line_is_shown_with_what_it_says(project, start):
    page = read_page(project.write("docs/shell.md", "```bash\necho fine\nls nowhere\n```\n"), project.root)
    [result] = start().run(page, list(page.blocks))
    assert result.reason.startswith("the shell ended with exit code 2\n")
    assert f'File "{page.blocks[0].source.resolve()}", line {page.blocks[0].line + 1}, in shell' in result.reason
    assert result.reason.rstrip().endswith("No such file or directory")


def test_random_numbers_are_fresh_for_each_page(project, start):
    page = project.page(only="import random\nimport torch\nprint(random.random(), torch.rand(1).item())")
    numbers = [next(start().run(page, list(page.blocks))).output for _ in range(2)]
    assert numbers[0] != numbers[1]


def test_no_folder_is_left(run):
    [result] = run(only="import os; print(os.getcwd())")
    assert not os.path.exists(result.output.strip())


@unix
def test_semaphores_of_a_killed_run_are_gone(run):
    from multiprocessing.synchronize import sem_unlink

    [result] = run(only="import multiprocessing as m\nkept = m.get_context('spawn').Lock()\nprint(kept._semlock.name)")
    with pytest.raises(FileNotFoundError):
        sem_unlink(result.output.strip())


def test_next_process_waits_already_and_is_replaced_if_it_ends(run):
    run(only="pass")
    waiting, _ = standby(Runner().method).waiting[-1]
    waiting.kill()
    waiting.join()
    [result] = run(only="print('fine')")
    assert result.output == "fine\n"


def test_spawned_page_runs_the_same(project):
    page = project.page(
        marks={"wrong": "raises(ValueError)"},
        first="import torch\nx = torch.ones(2)",
        wrong="int('x')",
        last="print(x)",
    )
    results = list(Runner(method="spawn").run(page, list(page.blocks)))
    assert [result.reason for result in results] == ["", "", ""]
    assert results[2].output == "tensor([1., 1.])\n"
    assert "tests" not in sys.modules["__main__"].__name__


def test_no_device_where_gpus_are_hidden(start):
    assert start().gpus == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no fork server")
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_worker_that_is_no_fork_imports_the_copy_of_its_block(run, method):
    """So what other blocks of the page print is not printed again, and what the block defines can be pickled."""
    use = f"""
    print("made")  # the copies of later blocks need this block

    def double(x):
        return 2 * x


    if __name__ == "__main__":
        with multiprocessing.get_context("{method}").Pool(1) as pool:
            print(pool.map(double, [1, 2]))
    """
    results = run(setup="import multiprocessing", noise="print('noise')", use=use, again=use)
    printed = "made\n[2, 4]\n"
    assert [(result.output, result.reason) for result in results[1:]] == [("noise\n", ""), *[(printed, "")] * 2]


ENDS = {
    "segfaults": ("ends_process", "import ctypes\nctypes.string_at(0)", "The process was killed by SIGSEGV", ""),
    "exits": ("ends_process", "import os\nos._exit(3)", "The process ended with exit code 3", ""),
    "raises": ("ends_process", "raise KeyError(x)", "KeyError: 20", ""),
    "says": (
        "ends_process(match='lost .* device')",
        "raise RuntimeError('lost a device\\nsee the manual')",
        "RuntimeError: lost a device",
        "",
    ),
    "says before it dies": (
        "ends_process(match='out of range')",
        "import os, sys\nprint('index out of range', file=sys.stderr)\nos.abort()",
        "index out of range",
        "",
    ),
    "says something else": (
        "ends_process(match='device')",
        "raise ValueError('mine')",
        "",
        "the process should say what matches 'device' as it ends:\nTraceback",
    ),
    "goes on": ("ends_process", "pass", "", "the block went on, and should end its process"),
    "hangs": ("ends_process", "while True: pass", "", "the block took longer than 2 s"),
}


@unix
@pytest.mark.parametrize(("mark", "code", "said", "reason"), ENDS.values(), ids=ENDS)
def test_block_that_ends_its_process_leaves_the_page_alone(run, mark, code, said, reason):
    limits = {"seconds": 2.0}
    results = run(marks={"dies": mark}, limits=limits, first="x = 20", dies=f"print(x)\n{code}", last="print(x + 1)")
    _, dies, last = results
    assert dies.reason.startswith(reason) and bool(dies.reason) == bool(reason)
    assert dies.outcome == ("failed" if reason else "passed")
    if said:
        assert dies.output == f"20\n{said}\n"
        assert (last.output, last.reason) == ("21\n", "")


def test_block_that_ends_its_process_says_which_block_it_needs_fails(run):
    dies = run(marks={"dies": "ends_process"}, first="x = 1", second="x += '1'", dies="print(x)")[-1]
    assert (dies.outcome, dies.reason) == ("not run", "second failed")
