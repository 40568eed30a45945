"""Time from saving an edit to `mkdocs serve` answering with it, for pages and snippets of a copy of the guide.

python -m tests.benchmarks.serve [--rounds 7]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from tests.preview import Preview

EDITS = {
    "page": ("docs/tensors/creating.md", "\nWritten in round {round}.\n"),
    "snippet": ("snippets/tensors/creating.py", "# written in round {round}\n# --8<-- [end:"),
}


def seconds(preview: Preview, path: Path, round_: int, text: str) -> float:
    """Return how long an edit takes until the served page shows it."""
    added = text.format(round=round_)
    source = path.read_text("utf-8")
    last = "# --8<-- [end:"
    changed = added.join(source.rsplit(last, 1)) if last in added else source + added
    wanted = added.splitlines()[0 if last in added else 1].removeprefix("# ")
    started = time.perf_counter()
    path.write_text(changed, "utf-8")
    preview.wait("tensors/creating/", wanted)
    return time.perf_counter() - started


def main() -> None:
    """Print the median of each kind of edit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name, Preview(Path(name)) as preview:
        for kind, (path, text) in EDITS.items():
            times = [seconds(preview, preview.root / path, number, text) for number in range(rounds)]
            print(f"{kind:8} median {statistics.median(times):.2f} s, slowest {max(times):.2f} s")


if __name__ == "__main__":
    main()
