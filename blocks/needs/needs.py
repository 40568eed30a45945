"""Which earlier blocks a block needs, by name: the nearest that binds what it reads, and those that change it since.

Together they are its runnable copy, a program that passes by itself. Aliases, gradients and the random stream are not
followed: every copy is run and compared, so what names cannot tell is a failing copy, and is declared on the page.
"""

import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from blocks.needs.names import read_names


@dataclass(frozen=True)
class Source:
    """One block, as far as needs depend on it."""

    name: str
    """Unique on its page."""
    code: str
    """Its Python code, '' for a shell block."""
    declared: tuple[str, ...] = ()
    """Names of the earlier blocks that the page says it needs."""
    raises: bool = False
    """Whether it ends with an exception: then what it changes is no reason to hold it."""


def needs(sources: Sequence[Source]) -> list[tuple[str, ...]]:
    """Return for each block of a page, given in page order, the names of the earlier blocks that it needs."""
    page = Slices(sources)
    return [tuple(sources[index].name for index in page.slice_of(last)[:-1]) for last in range(len(sources))]


class Slices:
    """The blocks of a page, and what each does to names."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources
        self.names = [read_names(source.code) for source in sources]
        self.fixed = set(dir(builtins)).union(*(names.fixed for names in self.names))
        self.places = {source.name: index for index, source in enumerate(sources)}

    def slice_of(self, last: int) -> list[int]:
        """Return which blocks make the runnable copy of the block at `last`, itself included, in page order."""
        included: set[int] = set()
        waiting = [last]
        while waiting:
            index = waiting.pop()
            if index not in included:
                included.add(index)
                waiting += [self.places[name] for name in self.sources[index].declared]
                waiting += [at for name in self.names[index].now for at in self.providers(name, index)]
                waiting += [at for name in self.names[index].later for at in self.providers(name, last)]
        return sorted(included)

    def providers(self, name: str, before: int) -> Iterator[int]:
        """Yield the nearest block before `before` that binds the name, and those after it that change its object."""
        for index in range(before - 1, -1, -1):
            names, raises = self.names[index], self.sources[index].raises
            if name in names.binds or (name in names.changes and name not in self.fixed and not raises):
                yield index
            if name in names.binds and not raises:  # where a block raises, the name may keep what it held
                return


def reasons(program: Sequence[Source]) -> Iterator[tuple[Source, list[str]]]:
    """Yield each block of a copy but the last, with the names that it gives to the blocks after it."""
    names = [read_names(source.code) for source in program]
    for index, part in enumerate(program[:-1]):
        read = set[str]().union(*(after.now | after.later for after in names[index + 1 :]))
        yield part, sorted((names[index].binds | names[index].changes) & read)
