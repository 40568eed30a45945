"""The commands of `python -m blocks`, each in a module of `blocks.commands` with `HELP`, `arguments` and `run`."""

import argparse
import sys
from pathlib import Path

from blocks.commands import new
from blocks.errors import BadInput

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "new": new,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code, 1 where its input cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m blocks", description="Work on the pages of the guide.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        command.arguments(commands.add_parser(name, help=command.HELP))
    options = parser.parse_args(arguments)
    try:
        code: int = COMMANDS[options.command].run(ROOT, options)
        return code
    except BadInput as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
