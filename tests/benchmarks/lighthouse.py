"""Lighthouse over the built site: `python -m tests.benchmarks.lighthouse`, after `mkdocs build`; prints a table.

Five kinds of page, as on a desk and as on a phone, served as a static host would: compressed, with cache headers.
Its scores for speed vary with the machine's load, so no test holds them.
"""

import functools
import gzip
import http.server
import json
import subprocess
import tempfile
import threading
from pathlib import Path

from tests.browser.conftest import CHROMIUM, FLAGS, ROOT, SITE, Quiet

LIGHTHOUSE = ROOT / "tests" / "node" / "node_modules" / "lighthouse" / "cli" / "index.js"
PAGES = {
    "home": "",
    "plain page": "tensors/broadcasting/",
    "figures": "advanced/lr-scheduling/",
    "tutorial": "tutorials/first-neural-network/",
    "verification": "about/verification/",
}
KINDS = ("performance", "accessibility", "best-practices", "seo")


class StaticHost(Quiet):
    """Serves the site compressed, and lets the browser keep what it got."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.exists():
            self.send_error(404)
            return
        body = gzip.compress(path.read_bytes(), 6)
        self.send_response(200)
        self.send_header("Content-Type", f"{self.guess_type(str(path))}; charset=utf-8")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "public, max-age=31536000")
        self.end_headers()
        self.wfile.write(body)


def scores(address: str, desk: bool) -> list[int]:
    """Return the four scores of a page, out of 100."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = ["node", LIGHTHOUSE, address, "--quiet", "--output=json", f"--output-path={report}"]
        command += [
            f"--chrome-path={CHROMIUM}",
            f"--chrome-flags={' '.join(['--headless', *FLAGS])}",
            *(["--preset=desktop"] if desk else []),
        ]
        subprocess.run([*map(str, command)], check=True)
        categories = json.loads(report.read_text("utf-8"))["categories"]
    return [round(100 * (categories[kind]["score"] or 0)) for kind in KINDS]


def main() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(StaticHost, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"{'page':14} {'window':7} {' '.join(f'{kind:>14}' for kind in KINDS)}")
    for name, path in PAGES.items():
        for window in ("desk", "phone"):
            found = scores(f"http://127.0.0.1:{server.server_port}/{path}", window == "desk")
            print(f"{name:14} {window:7} {' '.join(f'{score:14}' for score in found)}", flush=True)


if __name__ == "__main__":
    main()
