"""`mkdocs serve` over a copy of the guide, as tests and benchmarks edit it."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("docs", "snippets", "blocks", "hooks.py", "preview.py", "mkdocs.yml")


class Preview:
    """A running `mkdocs serve` on a free port of this machine."""

    def __init__(self, folder: Path) -> None:
        self.root, self.sites, self.log = folder / "guide", folder / "sites", folder / "log"
        for part in (self.root, self.sites):
            part.mkdir()
        for name in PARTS:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, self.root / name)

    def __enter__(self) -> "Preview":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            place = f"127.0.0.1:{free.getsockname()[1]}"
        command = [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", place]
        environment = os.environ | {"TMPDIR": str(self.sites), "SITE_URL": "https://example.org/"}
        output = self.log.open("w")
        self.process = subprocess.Popen(command, cwd=self.root, env=environment, stdout=output, stderr=output)
        self.address = f"http://{place}/"
        self.wait("", "</html>", limit=400)
        return self

    def __exit__(self, *reason: object) -> None:
        self.process.terminate()
        self.process.wait()

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text in a file of the copy; it must be there."""
        text = (self.root / path).read_text("utf-8")
        assert old in text
        (self.root / path).write_text(text.replace(old, new), "utf-8")

    def page(self, path: str) -> str:
        """Return what is served, without its markup."""
        with urllib.request.urlopen(self.address + path, timeout=60) as answer:
            text = answer.read().decode()
        return text if text.startswith("{") or not path else re.sub(r"<[^>]+>", "", text)

    def wait(self, path: str, wanted: str, limit: float = 120) -> None:
        """Return when what is served holds the text."""
        until = time.monotonic() + limit
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if wanted in self.page(path):
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"'{wanted}' is not served at '{path}'\n{self.log.read_text()}")

    def heard(self, wanted: str, times: int = 1, limit: float = 120) -> None:
        """Return when the console shows the text that many times."""
        until = time.monotonic() + limit
        while self.log.read_text().count(wanted) < times:
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.02)

    def times(self) -> dict[str, int]:
        """Return when each page of the site was last written."""
        (site,) = self.sites.glob("mkdocs_*")
        return {path.relative_to(site).as_posix(): path.stat().st_mtime_ns for path in site.rglob("index.html")}
