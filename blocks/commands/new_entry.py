"""A new entry of a troubleshooting page that passes at once: its section, its two blocks, what they print."""

from pathlib import Path

from blocks.errors import BadInput
from blocks.outputs.entries import doing
from blocks.outputs.store import output_path
from blocks.read.page import read_page
from blocks.read.regions import NAME
from blocks.read.sections import read_sections, slug
from blocks.text_files import read_text, write_whole

SECTION = """\
## {heading}

<!--pytest.mark.raises(RuntimeError, match="put a part of the message here")-->
```python
--8<-- "{page}.py:{block}"
```

**Cause.** Say in two sentences what PyTorch checked, and which number or name of the message is which.

**Fix.** Say in one sentence what to change.

```python
--8<-- "{page}.py:{block}-fixed"
```

**Also caused by.** The other usual ways to this message, each tried.

**Older wordings.** `what older releases say, as the web quotes it`; `another`.

**Lesson.** [Creating tensors](../tensors/creating.md).
"""

REGIONS = """


# --8<-- [start:{block}]
raise RuntimeError("put a part of the message here")  # the smallest program with it
# --8<-- [end:{block}]


# --8<-- [start:{block}-fixed]
print("what a reader wants to see: a shape, a value")
# --8<-- [end:{block}-fixed]
"""

OUTPUT = """
# --8<-- [start:{block}]
RuntimeError: put a part of the message here
# --8<-- [end:{block}]

# --8<-- [start:{block}-fixed]
what a reader wants to see: a shape, a value
# --8<-- [end:{block}-fixed]
"""


def new_entry(root: Path, address: str, heading: str) -> list[Path]:
    """Add the entry at the end of its page and return the files; raise `BadInput`, writing nothing, if it cannot be."""
    page, _, block = address.rpartition("/")
    path = root / "docs" / f"{page}.md"
    if not path.exists() or not doing(path, read_text(path)):
        problem, advice = f"'{page}' is no page of entries", "Choose one whose front matter has 'doing:'"
        raise BadInput(path, 1, problem, advice)
    known = read_page(path, root)
    if not NAME.fullmatch(block) or block in known.by_name:
        problem = f"'{block}' is not a new name in kebab-case"
        raise BadInput(path, 1, problem, "Write it like troubleshooting/shapes/mat1-and-mat2")
    text = read_text(path)
    if slug(heading) in {section.anchor for section in read_sections(path, text)}:
        raise BadInput(path, 1, f"the page has an entry '{heading}'", "Choose another heading")
    names = {"{page}": page, "{block}": block, "{heading}": heading}
    head, sign, tail = text.partition("\n## Next\n")
    section = f"\n\n{filled(SECTION, names)}" + (sign + tail if sign else "")
    output = output_path(known.snippet)
    files = {
        path: head.rstrip() + section,
        known.snippet: read_text(known.snippet).rstrip() + filled(REGIONS, names),
        output: (read_text(output) if output.exists() else "") + filled(OUTPUT, names),
    }
    for place, content in files.items():
        write_whole(place, content.lstrip("\n"))
    return list(files)


def filled(text: str, names: dict[str, str]) -> str:
    """Return a text with these names in their places."""
    for place, name in names.items():
        text = text.replace(place, name)
    return text
