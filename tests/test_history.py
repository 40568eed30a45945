"""The day of a file is that of its last commit; where there is no whole history, there is none."""

import datetime
import subprocess

from blocks.render.history import last_changes, spoken

DAYS = {"docs/a.md": "2026-01-02", "snippets/a.py": "2026-03-04"}


def git(root, *arguments, day="2026-01-01"):
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    environment = {"GIT_COMMITTER_DATE": f"{day}T12:00:00Z", "PATH": "/usr/bin:/bin", "HOME": str(root)}
    subprocess.run(["git", "-C", root, *who, *arguments], check=True, capture_output=True, env=environment)


def test_each_file_has_the_day_of_its_last_commit(project, tmp_path_factory):
    git(project.root, "init", "--quiet")
    for name, day in DAYS.items():
        project.write(name, day)
        git(project.root, "add", ".", day=day)
        git(project.root, "commit", "-m", name, day=day)
    known = {name: datetime.date.fromisoformat(day) for name, day in DAYS.items()}
    assert last_changes(project.root) == known
    shallow = tmp_path_factory.mktemp("shallow")
    git(shallow, "clone", "--quiet", "--depth=1", project.root.as_uri(), "guide")
    assert last_changes(shallow / "guide") == {}


def test_outside_a_repository(project):
    assert last_changes(project.root) == {}


def test_day_as_it_is_said():
    assert spoken(datetime.date(2026, 11, 6)) == "6 November 2026"
