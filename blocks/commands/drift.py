"""The text of the issue about blocks that fail on coming releases, from pytest's report."""

import argparse
from pathlib import Path

from blocks.records.drift import issue, read_report

HELP = "print what fails in a JUnit report, as the text of an issue; nothing if all is well"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line takes."""
    parser.add_argument("report", type=Path, help="what pytest --junit-xml wrote")
    parser.add_argument("--with", dest="where", default="the releases to come", help="what was installed")


def run(root: Path, options: argparse.Namespace) -> int:
    """Print the text; without a report, no block ran."""
    total, failures = read_report(options.report) if options.report.exists() else (0, [])
    print(issue(total, failures, options.where), end="")
    return 0
