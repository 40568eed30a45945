"""Run programs as a new Python would, in forks of one that has imported torch, which each would begin with.

Reads one program a line, as JSON: `file`, working directory `folder` and `environment`. Its output goes to `stdout` and
`stderr` beside the file, its exit code to standard output. A program ends after `SECONDS`.
"""

import json
import os
import runpy
import signal
import sys

import torch  # noqa: F401

SECONDS = 120

for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if not child:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()

signal.alarm(SECONDS)
os.chdir(job["folder"])
os.environ.clear()
os.environ.update(job["environment"])
for number, stream in enumerate(("stdin", "stdout", "stderr")):
    name = os.path.join(os.path.dirname(job["file"]), stream)
    os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
sys.argv = [job["file"]]
runpy.run_path(job["file"], run_name="__main__")
