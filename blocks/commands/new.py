"""A new page that passes at once: Markdown, snippet, recorded output and nav entry."""

import argparse
import json
import re
from pathlib import Path

from blocks.commands.new_entry import filled, new_entry
from blocks.errors import BadInput
from blocks.read.regions import NAME
from blocks.text_files import write_whole

PAGE = """\
---
description: One sentence of 80 to 160 characters that says what a reader can do after this page, and when.
prerequisites: [tensors/creating.md]
learn:
  - what a reader can do after this page
  - two or three such phrases
recap:
  - What to remember of it.
  - Two or three such sentences.
---

# {title}

Say in two sentences what the reader will be able to do, and when they want it.

```python
--8<-- "{page}.py:setup"
```

Say what is about to happen, and end with a colon:

```python
--8<-- "{page}.py:first-idea"
```

Say what to notice in the output.

## Exercises

**1.** Ask for something that the page prepared.

??? success "Solution"
    ```python
    --8<-- "{page}.py:solution-first-idea"
    ```

## Next

- [Creating tensors](../tensors/creating.md): why one would go there.
- [Broadcasting](../tensors/broadcasting.md): why one would go there.
"""

SNIPPET = '''\
"""{title}."""

# --8<-- [start:setup]
import torch

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:first-idea]
x = torch.arange(6, device=device).reshape(2, 3)
print(x.shape, x.sum().item())
# --8<-- [end:first-idea]


# --8<-- [start:solution-first-idea]
print(x.T.tolist())
# --8<-- [end:solution-first-idea]
'''

OUTPUT = """\
# --8<-- [start:first-idea]
torch.Size([2, 3]) 15
# --8<-- [end:first-idea]

# --8<-- [start:solution-first-idea]
[[0, 3], [1, 4], [2, 5]]
# --8<-- [end:solution-first-idea]
"""
HELP = "add a page, its snippet and its nav entry; or an entry of a troubleshooting page"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "page",
        help="section and stem, as tensors/einsum; of an entry its block too: troubleshooting/shapes/mat1-and-mat2",
    )
    parser.add_argument(
        "title", help='title of the page, such as "Einstein summation", or the distinctive part of a message'
    )


def run(root: Path, options: argparse.Namespace) -> int:
    """Write the files and print their paths."""
    make = new_entry if options.page.count("/") == 2 else new_page
    for path in make(root, options.page, options.title):
        print(path.relative_to(root))
    return 0


def new_page(root: Path, page: str, title: str) -> list[Path]:
    """Write the files of a new page and return them; raise `BadInput`, writing nothing, if it cannot be placed."""
    config = root / "mkdocs.yml"
    if not all(map(NAME.fullmatch, page.split("/"))) or page.count("/") != 1:
        raise BadInput(config, 1, f"'{page}' is not section/stem", "Write it like tensors/einsum")
    nav = with_entry(config, page, title)
    files = {
        root / "docs" / f"{page}.md": PAGE,
        root / "snippets" / f"{page}.py": SNIPPET,
        root / "snippets" / f"{page}.out": OUTPUT,
    }
    for path in files:
        if path.exists():
            raise BadInput(path, 1, "the file exists", "Choose another stem")
    for path, text in files.items():
        write_whole(path, filled(text, {"{page}": page, "{title}": title}))
    write_whole(config, nav)
    return [*files, config]


def with_entry(config: Path, page: str, title: str) -> str:
    """Return the text of `mkdocs.yml` with the page as the last of its section in the nav."""
    lines = config.read_text("utf-8").splitlines(keepends=True)
    section = page.split("/")[0]
    entries = [n for n, line in enumerate(lines) if re.match(rf"\s+- .+: {section}/[\w-]+\.(md|py)$", line)]
    if not entries:
        raise BadInput(config, 1, f"nav has no section whose pages lie in '{section}/'", "Add the section to nav first")
    last = lines[entries[-1]]
    indentation = last[: len(last) - len(last.lstrip())]
    quoted = json.dumps(title, ensure_ascii=False) if not re.fullmatch(r"\w[\w ,()/-]*", title) else title
    return "".join([*lines[: entries[-1] + 1], f"{indentation}- {quoted}: {page}.md\n", *lines[entries[-1] + 1 :]])
