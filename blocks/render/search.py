"""What the search index keeps of a section: its prose and outputs as they are, of its code each name once."""

import html
import re

CODE = re.compile(r"<pre><code>(?P<code>.*?)</code></pre>", re.DOTALL)
NAME = re.compile(r"[A-Za-z_]\w{2,}")


def searched(text: str) -> str:
    """Return a section's text with every listing replaced by its names that stand nowhere else in the section.

    They are found, and not shown among the results.
    """
    prose = CODE.sub(" ", text)
    known = set(NAME.findall(prose))
    used = [name for code in CODE.findall(text) for name in NAME.findall(html.unescape(code))]
    fresh = " ".join(name for name in dict.fromkeys(used) if name not in known)
    return f"{prose} <p hidden>{fresh}</p>" if fresh else prose
