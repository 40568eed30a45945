"""What a page declares about a block in the comments above its fence."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blocks.errors import BadInput

KNOWN = {
    "cuda": "needs a CUDA device",
    "figure": "draws; alt= says what the picture shows",
    "multi_gpu": "needs two CUDA devices or more",
    "network": "needs the network",
    "raises": "ends with the exception given, its message matching match=",
    "skip": "is not executed; reason= says why",
    "skipif": "is not executed when the condition holds; reason= says why",
    "slow": "takes longer than a page should",
    "torch": 'needs a torch version, such as ">=2.13"',
    "varies": "prints numbers that vary; reason= says why",
    "warns": "warns with the category given, the text matching match=",
    "xfail": "is expected to fail; reason= says why",
}
TEXT_REQUIRED = {"figure": "alt", "skip": "reason", "skipif": "reason", "varies": "reason", "xfail": "reason"}


@dataclass(frozen=True)
class Mark:
    """One `pytest.mark.NAME(...)` comment."""

    name: str
    """One of `KNOWN`."""
    args: tuple[Any, ...] = ()
    """Positional arguments, evaluated."""
    kwargs: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments, evaluated."""

    def __call__(self, *args: Any, **kwargs: Any) -> "Mark":
        return Mark(self.name, args, kwargs)


class _Namespace:
    """Stands for `pytest` and `pytest.mark` in a comment: any attribute is a mark."""

    @property
    def mark(self) -> "_Namespace":
        return self

    def __getattr__(self, name: str) -> Mark:
        return Mark(name)


class _Torch:
    """Stands for `torch` in a comment: imported only when a condition asks for it."""

    def __getattr__(self, name: str) -> Any:
        import torch

        return getattr(torch, name)


def read_mark(text: str, path: Path, line: int) -> Mark:
    """Return the mark that a comment such as ``pytest.mark.skip(reason="...")`` declares."""
    try:
        mark = eval(text, {"pytest": _Namespace(), "sys": sys, "torch": _Torch()})
    except Exception as error:
        raise BadInput(path, line, f"mark '{text}' cannot be read: {error}", "Mend the comment") from None
    if not isinstance(mark, Mark) or mark.name not in KNOWN:
        raise BadInput(path, line, f"unknown mark '{text}'", f"Use one of {', '.join(sorted(KNOWN))}")
    required = TEXT_REQUIRED.get(mark.name)
    value = mark.kwargs.get(required) if required else "given"
    if not isinstance(value, str) or not value.strip():
        raise BadInput(path, line, f"mark '{mark.name}' without {required}", f'Write {mark.name}({required}="...")')
    return mark
