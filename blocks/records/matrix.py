"""The cells of the matrix, in which every block must pass before anything is published: `.ci/cells.toml`."""

import tomllib
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from blocks.run.shared.environment import Environment

PLACE = Path(".ci", "cells.toml")
DEVICES = ("cpu", "cuda")


@dataclass(frozen=True)
class Cell:
    """One combination that must pass."""

    device: str
    """`cpu` or `cuda`."""
    system: str
    """As a record names it: Linux, macOS or Windows."""
    runner: tuple[str, ...]
    """Labels of the machines that can run it."""
    python: str
    """Major and minor version."""
    torch: str
    """Version without the build tag."""
    torchvision: str
    """The release that goes with that torch."""

    def __str__(self) -> str:
        return f"{self.device}, {self.system}, Python {self.python}, torch {self.torch}"

    def holds(self, environment: Environment) -> bool:
        """Tell whether a run in this environment is a run of the cell."""
        names = ("device", "system", "python", "torch", "torchvision")
        return all(getattr(self, name) == getattr(environment, name) for name in names)


@dataclass(frozen=True)
class Matrix:
    """All cells, and what holds for each."""

    cells: tuple[Cell, ...]
    """Every one must pass."""
    skips: float
    """Share of a cell's blocks that may be left out."""
    shards: int
    """Runners that share the blocks of one cell."""


def read_matrix(root: Path) -> Matrix:
    """Return the cells that the project asks for."""
    content = tomllib.loads(Path(root, PLACE).read_text("utf-8"))
    cells = tuple(
        Cell(device, system, tuple(labels), python, torch, vision)
        for device in DEVICES
        for (system, labels), python, (torch, vision) in product(
            content[device]["runners"].items(), content[device]["python"], content[device]["torch"].items()
        )
    )
    return Matrix(cells, content["skips"], content["shards"])
