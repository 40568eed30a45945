"""When each file of the guide last changed, from its history; nothing where there is no whole history."""

import subprocess
from datetime import date
from pathlib import Path


def last_changes(root: Path) -> dict[str, date]:
    """Return the day of the last commit of each file below `docs` and `snippets`, by its path."""
    git = ["git", "-C", str(root)]
    try:
        shallow = read([*git, "rev-parse", "--is-shallow-repository", "--show-prefix"]).split("\n")
        log = (
            ""
            if shallow[:2] != ["false", ""]
            else read([*git, "log", "--format=%x00%cs", "--name-only", "--", "docs", "snippets"])
        )
    except (OSError, subprocess.CalledProcessError):
        return {}
    days: dict[str, date] = {}
    for commit in log.split("\0")[1:]:
        day, *paths = filter(None, commit.split("\n"))
        for path in paths:
            days.setdefault(path, date.fromisoformat(day))
    return days


def read(command: list[str]) -> str:
    """Return what a command prints; raise if it fails."""
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True).stdout


def spoken(day: date) -> str:
    """Return a day such as '26 November 2026'."""
    return f"{day.day} {day:%B %Y}"
