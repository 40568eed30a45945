"""Every mark as the signature of a function: what it may be given. It returns what is wrong with its arguments.

Its docstring says what a block with the mark does.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any

from blocks.read.arguments import is_pattern, is_positive, is_specifier

FILE = re.compile(r"\w[\w.-]*")


def cuda() -> str:
    """needs a CUDA device"""
    return ""


def ends_process(*, match: str = "") -> str:
    """ends its process, which is one of its own, saying what matches match="""
    return pattern(match)


def figure(*, alt: str, caption: str = "") -> str:
    """draws; alt= says what the picture shows, caption= stands below it"""
    return ""


def file(name: str, /) -> str:
    """is a file of this name in the page's folder, which a later block runs"""
    return "" if FILE.fullmatch(str(name)) else f"has {name!r}, which is no name of a file"


def multi_gpu() -> str:
    """needs two CUDA devices or more"""
    return ""


def needs(*blocks: str) -> str:
    """needs the earlier blocks named, beside those that bind or change the names it reads"""
    named = blocks and all(isinstance(name, str) for name in blocks)
    return "" if named else 'takes the names of blocks, such as needs("make-rows")'


def network() -> str:
    """needs the network"""
    return ""


def not_in_notebook(*, reason: str) -> str:
    """runs as a script and not in a notebook; reason= says why"""
    return ""


def raises(*kinds: Any, match: str = "") -> str:
    """ends with the exception given, its message matching match="""
    return classes(kinds, BaseException, "exceptions") or pattern(match)


def skip(*, reason: str, until: str) -> str:
    """is not executed; reason= says why, until= how long"""
    return ""


def skipif(condition: Any, /, *, reason: str, until: str) -> str:
    """is not executed when the condition holds; reason= says why, until= how long"""
    return ""


def slow(seconds: float, /, *, reason: str) -> str:
    """may take so many seconds; reason= says what takes long"""
    return "" if is_positive(seconds) else f"has {seconds!r}, which is no number of seconds"


def tolerance(floats: Any = 1, /, **words: Any) -> str:
    """prints numbers that may be off by so much: all floats, or those after the words given"""
    right = all(map(is_positive, (floats, *words.values())))
    return "" if right else "needs positive numbers, such as tolerance(0.02) or tolerance(accuracy=0.02, loss=0.1)"


def torch(versions: str, /) -> str:
    """needs a torch version, such as ">=2.13\""""
    return "" if is_specifier(versions) else f"names no versions: {versions!r}"


def varies(*, reason: str, words: bool = False) -> str:
    """prints numbers that vary, with words=True words too; reason= says why"""
    return ""


def warns(*kinds: Any, match: str = "") -> str:
    """warns with the category given, the text matching match="""
    return classes(kinds, Warning, "warnings") or pattern(match)


def xfail(*, reason: str, until: str, raises: Any = None, strict: bool = False) -> str:
    """is expected to fail; reason= says why, until= how long"""
    return ""


KINDS: tuple[Callable[..., str], ...] = (cuda, ends_process, figure, file, multi_gpu, needs, network)
KINDS += (not_in_notebook, raises, skip, skipif, slow, tolerance, torch, varies, warns, xfail)
MARKS: dict[str, Callable[..., str]] = {kind.__name__: kind for kind in KINDS}


def classes(kinds: Sequence[Any], base: type[BaseException], called: str) -> str:
    """Return what is wrong with the classes that a mark names, or nothing."""
    if kinds and all(isinstance(kind, type) and issubclass(kind, base) for kind in kinds):
        return ""
    return f"needs a class of {called}; name one of a module in full, such as torch.OutOfMemoryError"


def pattern(match: str) -> str:
    """Return what is wrong with a pattern, or nothing."""
    return "" if is_pattern(match) else f"has match={match!r}, which is no regular expression"


def missing_argument(name: str, given: Mapping[str, Any]) -> str:
    """Return the first text that a mark must be given by its name and is not, or nothing."""
    for parameter in signature(MARKS[name]).parameters.values():
        value = given.get(parameter.name)
        required = parameter.kind is Parameter.KEYWORD_ONLY and parameter.default is Parameter.empty
        if required and not (isinstance(value, str) and value.strip()):
            return parameter.name
    return ""


def misuse(name: str, args: Sequence[Any], given: Mapping[str, Any]) -> str:
    """Return what is wrong with a mark's arguments, or nothing."""
    kinds = {parameter.name: parameter.kind for parameter in signature(MARKS[name]).parameters.values()}
    known = {word for word, kind in kinds.items() if kind is Parameter.KEYWORD_ONLY}
    unknown = sorted(given.keys() - known)
    if unknown and Parameter.VAR_KEYWORD not in kinds.values():
        return f"takes no {unknown[0]}="
    try:
        signature(MARKS[name]).bind(*args, **given)
    except TypeError:
        return f"takes {list(kinds.values()).count(Parameter.POSITIONAL_ONLY)} positional arguments"
    if name == "tolerance" and not args and not given:
        return tolerance(None)
    return MARKS[name](*args, **given)
