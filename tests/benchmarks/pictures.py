"""The two pictures in the README, from the built site: `python -m tests.benchmarks.pictures`, after `mkdocs build`."""

import functools
import http.server
import threading

from playwright.sync_api import sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, ROOT, SITE, Quiet

LARGEST = 150_000  # bytes


def main() -> None:
    handler = functools.partial(Quiet, directory=SITE)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": 1280, "height": 760}, color_scheme=scheme)
            tab = context.new_page()
            tab.goto(f"http://127.0.0.1:{server.server_port}/", wait_until="networkidle")
            path = ROOT / ".github" / f"home-{scheme}.png"
            tab.screenshot(path=path)
            print(path.relative_to(ROOT), f"{path.stat().st_size:,} bytes")
            assert path.stat().st_size < LARGEST
        browser.close()


if __name__ == "__main__":
    main()
