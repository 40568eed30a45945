"""Which earlier blocks a block needs: together they are its runnable copy, a program that passes by itself.

A block needs the blocks that bind the names it uses, that change an object reachable from those names, or that draw
from the random stream it continues. What `blocks.effects` cannot see is found by running every copy.
"""

from collections.abc import Iterator

from blocks.effects import Effects, read_effects
from blocks.page import Block, Page


def needs(page: Page, target: Block) -> list[Block]:
    """Return the blocks of the target's runnable copy, in page order, the target last."""
    if target.kind != "python":
        return [target]
    blocks = [block for block in page.blocks if block.kind == "python"]
    blocks = blocks[: blocks.index(target) + 1]
    effects = read_effects(block.code for block in blocks)
    kin = families(link for effect in effects for link in effect.links)
    last = len(blocks) - 1
    included: set[int] = set()
    found = [last]
    while found:
        index = found.pop()
        if index not in included:
            included.add(index)
            wishes = [(name, index, False) for name in effects[index].uses]
            wishes += [(name, last, True) for name in effects[index].later]
            found += [provider for wish in wishes for provider in providers(*wish, effects, kin)]
    return [blocks[index] for index in sorted(included)]


def providers(name: str, before: int, later: bool, effects: list[Effects], kin: dict[str, set[str]]) -> Iterator[int]:
    """Yield the blocks before `before` that bind the name or change what it may hold, the nearest first."""
    family = kin.get(name, {name})
    for index in range(before - 1, -1, -1):
        if name in effects[index].binds or effects[index].changes & family:
            yield index
        if name in effects[index].binds and not later:
            return


def families(links: Iterator[set[str]]) -> dict[str, set[str]]:
    """Return for each linked name the names that may share an object with it, itself included."""
    family: dict[str, set[str]] = {}
    for link in links:
        merged = set(link).union(*(family.get(name, set()) for name in link))
        family |= dict.fromkeys(merged, merged)
    return family
