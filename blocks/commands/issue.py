"""One issue for one recurring subject: opened when there is something to say, kept up to date, closed when not."""

import argparse
import json
import shutil
import subprocess
from pathlib import Path

from blocks.errors import BadInput
from blocks.text_files import read_text

HELP = "open, update or close the issue of this title, so that it says what a file says"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line takes."""
    parser.add_argument("title", help="finds the issue again")
    parser.add_argument("text", type=Path, help="file with its text; an empty one closes it")


def run(root: Path, options: argparse.Namespace) -> int:
    """Bring the issue in line with the file."""
    text, number = read_text(options.text), find(options.title)
    if text.strip() and number:
        github("edit", number, "--body-file", str(options.text))
    elif text.strip():
        github("create", "--title", options.title, "--body-file", str(options.text))
    elif number:
        github("close", number, "--comment", "All is well again.")
    return 0


def find(title: str) -> str:
    """Return the number of the open issue with exactly this title, or ''."""
    found = json.loads(github("list", "--state", "open", "--limit", "500", "--json", "number,title"))
    return next((str(issue["number"]) for issue in found if issue["title"] == title), "")


def github(*arguments: str) -> str:
    """Return what GitHub's own command line tool prints for `gh issue ...`."""
    tool = shutil.which("gh")
    if not tool:
        raise BadInput(Path("gh"), 1, "not installed", "Install GitHub's command line tool")
    done = subprocess.run([tool, "issue", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadInput(Path("gh"), 1, done.stderr.strip() or "failed", "Check GH_TOKEN and its permissions")
    return done.stdout
