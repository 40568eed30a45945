"""A fresh Python that runs programs as a reader's would: it has imported torch, and forks for each.

Imported is also what the first optimizer of a program imports, since that takes as long; a program still has to import
all that it names, but for a few modules of `torch.distributed`.

Reads one job a line, as JSON: the program's `file`, the `folder` to run it in, `seconds` that it may take, the
`environment`, classes of warnings to show (`strict`), warnings to `ignore`, and files whose functions to call `first`.
What it prints goes to `stdout` and `stderr` beside the file, its exit code to standard output. Where there is no fork,
it runs one program and ends.
"""

import builtins
import contextlib
import gc
import io
import json
import os
import runpy
import signal
import sys
import warnings
from typing import Any


def main() -> None:
    """Run the program of each job."""
    import torch._dynamo  # noqa: F401

    gc.freeze()  # else each fork, when it ends, goes through all that was imported, and so copies it
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork() if sys.platform == "linux" else 0
        if not child:
            run(job)
            return
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what it may have left running
        print(code, flush=True)


def run(job: dict[str, Any]) -> None:
    """Run one program in this process, as `python FILE` does."""
    if sys.platform == "linux":
        os.setsid()
        signal.alarm(job["seconds"])
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    for number, name in enumerate((os.devnull, "stdout", "stderr")):
        path = os.path.join(os.path.dirname(job["file"]), name)
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), number)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True, write_through=False)  # whole lines, as in a terminal
    for path, function, arguments in job["first"]:
        runpy.run_path(path)[function](*arguments)
    print_warnings(job["strict"], job["ignore"])
    sys.argv = [job["file"]]
    sys.path.insert(0, job["folder"])
    runpy.run_path(job["file"], run_name="__main__")


def print_warnings(shown: list[str], ignored: list[list[str]]) -> None:
    """Print warnings of these classes as a page shows them, all but those that no correct call can avoid."""
    strict = tuple(getattr(builtins, name) for name in shown)
    for category in strict:
        warnings.simplefilter("always", category)
    for message, name, module in ignored:
        warnings.filterwarnings("ignore", message, getattr(builtins, name, Warning), module)

    elsewhere = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
        if issubclass(category, strict):
            print(f"{category.__name__}: {message}")
        else:
            elsewhere(message, category, *rest, **more)

    warnings.showwarning = show


if __name__ == "__main__":
    main()
