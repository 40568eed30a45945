"""What Python says when something fails, found in what a block printed: `RuntimeError: ...` and the lines after it."""

import re

from blocks.outputs.store import every_variant, read_outputs
from blocks.read.page import Block, Page

KIND = r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt|Unsupported|Empty|Break)"
START = re.compile(rf"^(?:.*?:\d+: )?(?P<message>{KIND}: .*)$", re.MULTILINE)
TYPE = re.compile(rf"^(?P<kind>{KIND}): +")


def complaints(page: Page, block: Block) -> list[str]:
    """Return the messages of a block on the newest torch, then those that differ elsewhere, each once."""
    variants = sorted(every_variant(page.snippet))
    texts = [read_outputs(page.snippet, over).get(block.name, "") for over in ([], *([name] for name in variants))]
    return list(dict.fromkeys(message for text in texts for message in messages(text, block)))


def messages(printed: str, block: Block) -> list[str]:
    """Return the messages in what a block printed; all of it, where none has the form of Python's own."""
    if mark := block.mark("raises"):  # what stands in such a message may itself hold others
        names = "|".join(kind.__name__ for kind in mark.args)
        start = re.search(rf"^(?:[a-z_]\w*\.)*(?:{names})(?::|$)", printed, re.MULTILINE) or START.search(printed)
        return [printed[start.start() if start else 0 :].strip()] if printed.strip() else []
    starts = [match.start("message") for match in START.finditer(printed)]
    if not starts:
        return [printed.strip()] if printed.strip() else []
    ends = [*starts[1:], len(printed)]
    return [printed[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def kind_of(message: str) -> tuple[str, str]:
    """Return the class that a message begins with, or '', and the rest of its first line."""
    first = message.partition("\n")[0]
    found = TYPE.match(first)
    return (found["kind"], first[found.end() :]) if found else ("", first)
