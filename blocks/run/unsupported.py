"""What the simulated accelerator cannot do: blocks that are left out on it, by page, each with a reason."""

import tomllib
from functools import cache
from pathlib import Path

PLACE = Path("simulated", "cannot.toml")


def unsupported_blocks(device: str, root: Path, page: str) -> dict[str, str]:
    """Return the blocks of a page that this device cannot run, with the reasons; `page` is section and stem."""
    return read_cannot(root)[1].get(page, {}) if device == "simulated" else {}


@cache
def read_cannot(root: Path) -> tuple[float, dict[str, dict[str, str]]]:
    """Return the share of blocks that may be left out, and those that are, by page."""
    path = root / PLACE
    content = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    return content.get("budget", 0.0), content.get("blocks", {})
