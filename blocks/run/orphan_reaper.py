"""A small program beside a test run: when that is killed, what the page at hand has started is ended all the same."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import cache


@cache
def reaper() -> "subprocess.Popen[str]":
    """Start the program, once for this process; it sees from its empty input that this process is gone."""
    command = [sys.executable, "-S", "-E", __file__]
    return subprocess.Popen(command, stdin=subprocess.PIPE, text=True, bufsize=1, start_new_session=True)


@contextlib.contextmanager
def reaped_if_orphaned(group: int) -> Iterator[None]:
    """End this process group if this process does not live to the end of the block."""
    pipe = reaper().stdin if hasattr(os, "killpg") else None
    if pipe:
        pipe.write(f"{group}\n")
    try:
        yield
    finally:
        if pipe:
            pipe.write("0\n")


def main() -> None:
    """Read process groups, one a line, each over when a 0 follows; end those that are not when the input breaks off."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    groups: list[int] = []
    for line in sys.stdin:
        if group := int(line):
            groups.append(group)
        else:
            groups.pop()
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
