"""What each block printed, recorded beside its snippet: `snippets/x.out`, under the snippet's own markers.

`x.out` is what the page shows. A *variant* holds only the regions that differ elsewhere: `x.cuda.out` on CUDA,
`x.before-2.15.out` on a torch older than 2.15, where an error may be worded differently.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from packaging.version import Version

from blocks.read.regions import read_regions
from blocks.text_files import write_whole

MARKER = re.compile(r"(-8<-+ *)(\\*)(?=\[ *(?:start|end))")


def output_path(snippet: Path, variant: str = "") -> Path:
    """Return the file that records what the snippet's blocks print, or what they print differently in a variant."""
    return snippet.with_suffix(f".{variant}.out" if variant else ".out")


def every_variant(snippet: Path) -> list[str]:
    """Return the variants of a snippet's output that are recorded, wherever they hold."""
    return [path.name[len(snippet.stem) + 1 : -len(".out")] for path in snippet.parent.glob(f"{snippet.stem}.*.out")]


def variants(snippet: Path, device: str, torch: str) -> list[str]:
    """Return the variants of a snippet's output that hold here, each to be read over those before it."""
    found = every_variant(snippet)
    limits = sorted((Version(name.removeprefix("before-")) for name in found if name != "cuda"), reverse=True)
    older = [f"before-{limit}" for limit in limits if Version(Version(torch).base_version) < limit]
    return older + [name for name in found if name == device]


def read_outputs(snippet: Path, over: Sequence[str] = ()) -> dict[str, str]:
    """Return the recorded output of each block that printed, with these variants read over it."""
    paths = [path for variant in ("", *over) if (path := output_path(snippet, variant)).exists()]
    regions = [region for path in paths for region in read_regions(path).values()]
    return {region.name: MARKER.sub(lambda match: match[1] + match[2][1:], region.text) for region in regions}


def write_outputs(snippet: Path, outputs: dict[str, str], variant: str = "") -> bool:
    """Record the outputs, in the order given, whole or not at all; tell whether the file changed."""
    path = output_path(snippet, variant)
    text = "\n".join(
        f"# --8<-- [start:{name}]\n{as_text(output)}# --8<-- [end:{name}]\n"
        for name, output in outputs.items()
        if output
    )
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if text == before:
        return False
    write_whole(path, text)
    return True


def as_text(output: str) -> str:
    """Return whole lines, in which what looks like a marker of a region is none: it has a backslash more."""
    return MARKER.sub(r"\1\2\\", output if output.endswith("\n") else f"{output}\n")
