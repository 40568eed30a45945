"""Which earlier blocks a block needs: together they are its runnable copy, a program that passes by itself.

A block needs the blocks that bind the names it uses, that change an object reachable from those names, or that draw
from the random stream it continues. What `blocks.needs.effects` cannot see is found by running every copy.
"""

from collections.abc import Iterator

from blocks.needs.effects import Effects, read_effects
from blocks.needs.sharing import families
from blocks.read.page import Block, Page

Codes = tuple[str, ...]
"""The code of each Python block of a page, in page order."""
Programs = list[list[int]]
"""For each of them, which blocks make its runnable copy."""
PROGRAMS: dict[Codes, Programs] = {}  # what has been computed; `blocks.needs.memory` keeps it


def needs(page: Page, target: Block) -> list[Block]:
    """Return the blocks of the target's runnable copy, in page order, the target last."""
    if target.kind != "python":
        return [target]
    if page.codes not in PROGRAMS:
        PROGRAMS[page.codes] = read_programs(page.codes)
    blocks = list(page.python.values())
    return [blocks[index] for index in PROGRAMS[page.codes][list(page.python).index(target.name)]]


def read_programs(codes: Codes) -> Programs:
    """Return for each block of a page, given in page order, which blocks make its runnable copy."""
    effects = read_effects(codes)
    kinship = Kinship(effects)
    return [read_program(last, effects, kinship) for last in range(len(codes))]


class Kinship:
    """Which names of a page may share an object, and which a gradient may flow between."""

    def __init__(self, effects: list[Effects]) -> None:
        self.sharing = families(link for effect in effects for link in effect.links)
        self.flowing = families([*(flow for e in effects for flow in e.flows), *self.sharing.values()])
        self.holders = {name for effect in effects for name in effect.holders}

    def reached(self, name: str, effect: Effects) -> bool:
        """Tell whether a block's changes may reach the object behind the name."""
        family = self.sharing.get(name, {name})
        gradient = family & self.holders and effect.backward & self.flowing.get(name, {name})
        return bool(effect.changes & family or gradient)


def read_program(last: int, effects: list[Effects], kinship: Kinship) -> list[int]:
    """Return which blocks the block at `last` needs, itself included, in page order."""
    included: set[int] = set()
    found = [last]
    while found:
        index = found.pop()
        if index not in included:
            included.add(index)
            wishes = [(name, index, False) for name in effects[index].uses]
            wishes += [(name, last, True) for name in effects[index].later]
            found += [provider for wish in wishes for provider in providers(*wish, effects, kinship)]
    return sorted(included)


def providers(name: str, before: int, later: bool, effects: list[Effects], kinship: Kinship) -> Iterator[int]:
    """Yield the blocks before `before` that bind the name or change what it may hold, the nearest first."""
    for index in range(before - 1, -1, -1):
        if name in effects[index].binds or kinship.reached(name, effects[index]):
            yield index
        if name in effects[index].binds and not later:
            return
