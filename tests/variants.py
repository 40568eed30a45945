"""Messages as readers paste them: with other numbers, types and names, behind a traceback or a prefix, only in part."""

import random
import re
from collections.abc import Callable, Iterator, Sequence

from blocks.outputs.entries import Entry
from blocks.outputs.error_messages import kind_of

TYPES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short")
NAMES = ("encoder", "my_net", "x_train", "head", "Batch", "decoder_layer", "run_7")
PREFIXES = ("E       ", "[rank3]: ", "2026-11-27 18:04:51,233 ERROR ", "!!! ", "train.py:88: ")
TRACEBACK = """Traceback (most recent call last):
  File "/home/ada/project/train.py", line {first}, in <module>
    main(sys.argv[1:])
  File "/home/ada/project/train.py", line {second}, in main
    loss = F.cross_entropy(model(batch["x"].to(device)), batch["label"])
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/opt/venv/lib/python3.12/site-packages/torch/nn/modules/module.py", line 1784, in _call_impl
    return forward_call(*args, **kwargs)
{message}
"""
CLASS = re.compile(r"^(?:\w+\.)*\w+: ")


def numbered(text: str, chance: random.Random) -> str:
    """Return the message with another number in place of each."""
    return re.sub(r"(?<![\w.])\d+(?![\w.]*[A-Za-z])", lambda _: str(chance.randrange(2, 4000)), text)


def retyped(text: str, chance: random.Random) -> str:
    """Return the message with other dtypes and other numbers."""
    return re.sub(rf"\b(?:{'|'.join(TYPES)})\b", lambda _: chance.choice(TYPES), numbered(text, chance))


def renamed(text: str, chance: random.Random) -> str:
    """Return the message with another name in place of the last that stands in quotes."""
    quoted = list(re.finditer(r"""(?<=['"])\w+(?=['"])""", text))
    if not quoted:
        return numbered(text, chance)
    return text[: quoted[-1].start()] + chance.choice(NAMES) + text[quoted[-1].end() :]


def prefixed(text: str, chance: random.Random) -> str:
    """Return the first line of the message behind what a tool prints before it."""
    return chance.choice(PREFIXES) + numbered(text, chance).partition("\n")[0]


def without_class(text: str, chance: random.Random) -> str:
    """Return the first line of the message without its class."""
    return CLASS.sub("", numbered(text, chance).partition("\n")[0])


def traced(text: str, chance: random.Random) -> str:
    """Return the message with a traceback before it."""
    lines = {"first": chance.randrange(1, 300), "second": chance.randrange(1, 300)}
    message = retyped(text if kind_of(text)[0] else f"RuntimeError: {text}", chance)  # none ends without a class
    return TRACEBACK.format(message=message, **lines)


def pasted(text: str, chance: random.Random) -> str:
    """Return the message with its traceback on one line, as a search field holds it."""
    return " ".join(traced(text, chance).split("\n"))


WAYS: tuple[Callable[[str, random.Random], str], ...] = (
    lambda text, _: text,
    numbered,
    retyped,
    renamed,
    prefixed,
    without_class,
    traced,
    pasted,
)
IN_PART = (prefixed, without_class)


def variants(entries: Sequence[Entry]) -> Iterator[tuple[str, str, set[str]]]:
    """Yield how each message was changed, what a reader pastes, and the places of the entries that have it."""
    chance = random.Random(0)
    owners: dict[str, set[str]] = {}  # by a message, and by its first line
    for entry in entries:
        for message in (*entry.messages, *entry.older):
            for said in {message, message.partition("\n")[0]}:
                owners.setdefault(said, set()).add(entry.place)
    for message in dict.fromkeys(message for entry in entries for message in (*entry.messages, *entry.older)):
        for text, way in {way(message, chance): way for way in reversed(WAYS)}.items():
            said = message.partition("\n")[0] if way in IN_PART else message
            yield getattr(way, "__name__", ""), text, owners[said]
