"""Every link to another site stands in one list, and one that leads nowhere is told with its pages."""

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from blocks.commands import links
from blocks.read.links import LIST, find_links, read_list

ROOT = Path(__file__).parents[1]
ANSWERS = {"/there": 200, "/forbidden": 403, "/gone": 404, "/broken": 500}


class Handler(BaseHTTPRequestHandler):
    """Answers with the status that the path stands for."""

    asked: list[str] = []  # noqa: RUF012

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(ANSWERS[self.path])
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def site():
    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_list_holds_every_link():
    """Run `python -m blocks links --update` after adding one."""
    assert read_list(ROOT) == list(find_links(ROOT))


def test_links_are_found_with_their_files(project):
    project.write("docs/a.md", "[x](https://x.org/a_(b)) and <https://y.org>, [in](../b.md), `https://code.org`\n")
    project.write("docs/b/c.md", "[x again](https://x.org/a_(b)) and [y](https://y.org#part)\n")
    project.write("README.md", "[z](http://z.org)\n")
    assert find_links(project.root) == {
        "http://z.org": [Path("README.md")],
        "https://x.org/a_(b)": [Path("docs/a.md"), Path("docs/b/c.md")],
        "https://y.org": [Path("docs/a.md"), Path("docs/b/c.md")],
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/there", ""), ("/forbidden", ""), ("/gone", "404 Not Found"), ("/broken", "500 Internal Server Error")],
)
def test_fault(site, path, expected):
    assert links.fault(site + path, pause=0) == expected


def test_what_fails_is_asked_again(site):
    Handler.asked.clear()
    links.fault(f"{site}/broken", pause=0)
    assert Handler.asked == ["/broken"] * links.TRIES


def test_no_server(site):
    assert "refused" in links.fault("http://127.0.0.1:9/", tries=1)


def test_broken_links_are_told_with_their_pages(site, monkeypatch):
    monkeypatch.setattr(links, "fault", lambda link: "404" if "gone" in link else "")
    pages = {"https://x.org/gone": [Path("docs/a.md"), Path("README.md")]}
    told = links.broken(["https://x.org/gone", "https://x.org/there"], pages)
    assert told == "- https://x.org/gone: 404 (in docs/a.md, README.md)\n"


def test_update_writes_the_list(project):
    project.write("docs/a.md", "<https://y.org> <https://x.org>\n")
    project.write(str(LIST), "")
    code = f"from blocks.commands import links; from argparse import Namespace as N; from pathlib import Path; \
links.run(Path({str(project.root)!r}), N(update=True))"
    subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, check=True)  # -S: the standard library alone
    assert read_list(project.root) == ["https://x.org", "https://y.org"]
