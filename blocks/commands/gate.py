"""Publish or not: judge the records of all cells; put them where the site is built from if nothing stands against."""

import argparse
from pathlib import Path

from blocks.errors import BadInput
from blocks.read.page import read_page
from blocks.read.paths import find_pages
from blocks.records.gate import merged, refusals, verdicts
from blocks.records.matrix import read_matrix
from blocks.records.record import read_record, save

HELP = "say whether the records of all cells allow publishing, and why not"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line takes."""
    parser.add_argument("records", nargs="+", type=Path, help="record files, or folders that hold them")
    parser.add_argument("--into", type=Path, help="folder to write the records to, if they allow publishing")


def run(root: Path, options: argparse.Namespace) -> int:
    """Print the answer; return 0 to publish and 1 not to."""
    records = merged([read_record(path) for path in record_files(options.records)])
    pages = [read_page(path, root) for path in find_pages(root)]
    reasons = refusals(records, pages, read_matrix(root))
    if reasons:
        print("Do not publish:", *reasons, sep="\n- ")
        return 1
    for record in records if options.into else ():
        print("wrote", save(options.into, record))
    passed = {name for record in records for name, verdict in verdicts(record, pages) if verdict == "passed"}
    total = sum(len(page.blocks) for page in pages)
    where = f"{len(records)} environment{'s' if len(records) > 1 else ''}"
    print(f"Publish: {len(passed)} of {total} blocks passed in {where}.")
    return 0


def record_files(places: list[Path]) -> list[Path]:
    """Return the record files at these places, those in folders of a folder too."""
    for place in places:
        if not place.exists():
            raise BadInput(place, 1, "no such file or folder", "Name what pytest --record wrote")
    return [path for place in places for path in (sorted(place.rglob("*.json")) if place.is_dir() else [place])]
