"""Time `mkdocs build` of generated pages with the hooks against the same pages with their code in place without them.

    python -m tests.benchmarks.build [--pages 20 50 100 200] [--rounds 4]

The pages are copies of the guide's own, with snippets, outputs, figures and records; a comment makes each unique.
Seconds are of the processor, which other work on the machine disturbs less than the clock; both builds are run in turn.
The first build computes what the code of each page comes to, later ones recall it: the medians are of later builds.
"""

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

from blocks.read.page import Page
from blocks.render.guide import Guide

ROOT = Path(__file__).parents[2]


def write_project(folder: Path, number: int) -> None:
    """Write two projects of this many pages: `with` the hooks, and `without`, each page's code in place."""
    guide = Guide(ROOT, "https://example.org/guide")
    pages = [page for page in guide.pages.values() if page.blocks and page.path.suffix == ".md"]
    for name in ("with", "without"):
        (folder / name / "docs").mkdir(parents=True)
        (folder / name / "blocks").symlink_to(ROOT / "blocks")
        shutil.copytree(ROOT / "docs" / "assets" / "css", folder / name / "docs" / "assets" / "css")
        settings = re.sub(r"^nav:.*?^theme:", "theme:", (ROOT / "mkdocs.yml").read_text("utf-8"), flags=re.M | re.S)
        settings = settings if name == "with" else re.sub(r"^hooks:.*\n", "", settings, flags=re.M)
        (folder / name / "mkdocs.yml").write_text(settings.replace("watch: [snippets, blocks]", ""), "utf-8")
    for name in ("hooks.py", "preview.py"):
        shutil.copy(ROOT / name, folder / "with")
    keys = {f"copy-{n}/{page.path.stem}": page for n, page in enumerate(islice(cycle(pages), number))}
    for key, page in keys.items():
        write_page(folder, key, page, guide)
    write_records(folder / "with" / "docs" / "records", keys)


def write_page(folder: Path, key: str, page: Page, guide: Guide) -> None:
    """Write one page into both projects, its program, output and figures into the one with hooks."""
    old, text = page.key, page.path.read_text("utf-8")
    for name, content in (
        ("with", text.replace(f'"{old}.py', f'"{key}.py')),
        ("without", guide.markdown(page.path, text)),
    ):
        path = (folder / name / "docs" / key).with_suffix(".md")
        path.parent.mkdir(parents=True)
        path.write_text(content, "utf-8")
    snippet = folder / "with" / "snippets" / key
    snippet.parent.mkdir(parents=True)
    if page.snippet.exists():
        code = page.snippet.read_text("utf-8").replace("]\n", f"]\n# {key}\n", 1)
        snippet.with_suffix(".py").write_text(code, "utf-8")
    if page.snippet.with_suffix(".out").exists():
        shutil.copy(page.snippet.with_suffix(".out"), snippet.with_suffix(".out"))
    figures = Path("docs", "assets", "figures")
    if (ROOT / figures / old).exists():
        shutil.copytree(ROOT / figures / old, folder / "with" / figures / key)


def write_records(folder: Path, keys: dict[str, Page]) -> None:
    """Write the guide's records with what they say of each page said of its copy."""
    folder.mkdir()
    for path in (ROOT / "docs" / "records").glob("*.json"):
        record = json.loads(path.read_text("utf-8"))
        for part in ("blocks", "seconds"):
            known = record[part]
            record[part] = {key: known[old] for key, page in keys.items() if (old := page.key) in known}
        (folder / path.name).write_text(json.dumps(record), "utf-8")


def seconds(folder: Path) -> float:
    """Return the processor time of a build; it must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-d", str(folder / "site")]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print, for each number of pages, the medians, their ratio, and what a page costs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, nargs="+", default=[20, 50, 100, 200])
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    for number in options.pages:
        with tempfile.TemporaryDirectory() as name:
            write_project(Path(name), number)
            both = Path(name, "with"), Path(name, "without")
            first, *pairs = [tuple(map(seconds, both)) for _ in range(options.rounds)]
        ours, plain = (statistics.median(times) for times in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        own = 1000 * (ours - plain) / number
        cold = first[0] / first[1]
        figures = f"{ours:6.2f} s with, {plain:6.2f} s without, ratio {ratio:.2f}, {own:5.1f} ms a page"
        print(f"{number:4} pages: {figures}; first build {cold:.2f}")


if __name__ == "__main__":
    main()
