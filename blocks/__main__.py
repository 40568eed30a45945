"""The commands of `python -m blocks`, each in a module of `blocks.commands` with `HELP`, `arguments` and `run`."""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from blocks.errors import BadInput

ROOT = Path(__file__).parents[1]
COMMANDS = ("cells", "check", "drift", "explain", "gate", "issue", "links", "new", "offline")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code, 1 where its input cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m blocks", description="Work on the pages of the guide.")
    given = sys.argv[1:] if arguments is None else arguments
    commands = parser.add_subparsers(dest="command", required=True)
    for name in {*given[:1]} & {*COMMANDS} or COMMANDS:  # one command needs no more installed than it uses
        module = import_module(f"blocks.commands.{name}")
        module.arguments(commands.add_parser(name, help=module.HELP))
    options = parser.parse_args(given)
    try:
        code: int = import_module(f"blocks.commands.{options.command}").run(ROOT, options)
        return code
    except BadInput as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
