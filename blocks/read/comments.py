"""The comments of a page that declare something: one mark each, on a line of its own."""

import re
from pathlib import Path

from blocks.errors import BadInput

COMMENT = re.compile(r"<!--[-\s]*(?P<text>pytest\.mark\..*?)[-\s]*-->")
CLAIMS = re.compile(r"<!--[-\s]*(?P<text>pytest\b[^>]*)")
INLINE_CODE = re.compile(r"`[^`]*`")
OTHER = re.compile(r"pytest-codeblocks:\w+(?:-\w+)*")
FORM = "Write <!--pytest.mark.NAME(...)--> on a line of its own"


def check_comment(path: Path, number: int, line: str) -> None:
    """Refuse a comment on the line that looks like a mark and would be overlooked."""
    line = INLINE_CODE.sub("", line)
    claims = CLAIMS.findall(line)
    if not claims:
        return
    if other := OTHER.match(claims[0]):
        advice = "Remove it, or write a pytest.mark comment"
        raise BadInput(path, number, f"comment '{other[0]}' has no meaning here", advice)
    if len(claims) > 1:
        raise BadInput(path, number, "two marks on one line", FORM)
    if "-->" not in line:
        raise BadInput(path, number, "a mark over several lines", FORM)
    if not COMMENT.search(line):
        text = claims[0].rstrip("- ")
        raise BadInput(path, number, f"comment '{text}' is no mark", FORM)
    if not COMMENT.fullmatch(line.lstrip(" >#").rstrip()):
        raise BadInput(path, number, "a mark beside other text", FORM)
