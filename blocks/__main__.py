"""The commands of `python -m blocks`."""

import argparse
import sys
from pathlib import Path

from blocks.errors import BadInput
from blocks.scaffold import new_page

ROOT = Path(__file__).parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m blocks", description="Work on the pages of the guide.")
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("new", help="add a page, its snippet and its nav entry")
    new.add_argument("page", help="section and stem, such as tensors/einsum")
    new.add_argument("title", help='title of the page, such as "Einstein summation"')
    options = parser.parse_args(arguments)
    try:
        for path in new_page(ROOT, options.page, options.title):
            print(path.relative_to(ROOT))
    except BadInput as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
