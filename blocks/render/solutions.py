"""The solutions of a tutorial fold, as on any page: a notebook has no markup for it."""

import re

SECTION = re.compile(r'(<h2 id="solutions">.*?</h2>)(?P<text>.*?)(?=<h2|\Z)', re.DOTALL)
START = re.compile(r"(?=<p><strong>\d+\.</strong>)")
NUMBER = re.compile(r"<p><strong>(?P<number>\d+)\.</strong> *")


def with_folded_solutions(html: str) -> str:
    """Return a tutorial's HTML with each numbered solution in a fold of its own."""
    return SECTION.sub(lambda section: section[1] + "".join(map(fold_solution, START.split(section["text"]))), html)


def fold_solution(part: str) -> str:
    """Return one solution in its fold; what stands before the first stays as it is."""
    number = NUMBER.match(part)
    if not number:
        return part
    head = f'<details class="success"><summary>Solution {number["number"]}</summary>'
    return f"{head}<p>{part[number.end() :]}</details>"
