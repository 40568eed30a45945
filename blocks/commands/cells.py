"""The matrix of one device as a workflow wants it: JSON, one entry for each runner of each cell."""

import argparse
import json
from pathlib import Path
from typing import Any

from blocks.records.matrix import DEVICES, read_matrix

HELP = "print the cells of the matrix as JSON"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command line takes."""
    parser.add_argument("device", choices=DEVICES)


def run(root: Path, options: argparse.Namespace) -> int:
    """Print the entries on one line."""
    print(json.dumps(jobs(root, options.device)))
    return 0


def jobs(root: Path, device: str) -> list[dict[str, Any]]:
    """Return an entry for each job: its cell, a name for its files, and which part of the blocks it runs."""
    matrix = read_matrix(root)
    return [
        {
            "name": f"{cell.device}-{cell.system}-python{cell.python}-torch{cell.torch}-{shard}".lower(),
            "runner": cell.runner,
            "python": cell.python,
            "torch": cell.torch,
            "torchvision": cell.torchvision,
            "shard": shard,
            "shards": matrix.shards,
        }
        for cell in matrix.cells
        for shard in range(1, matrix.shards + 1)
        if cell.device == device
    ]
