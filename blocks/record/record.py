"""Which block, by hash of its code, passed in which environment: `docs/records/ENVIRONMENT.json`."""

import datetime
import hashlib
import json
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from blocks.needs.needs import needs
from blocks.read.page import Block, Page
from blocks.record.outputs import write_whole
from blocks.run.environment import Environment

Verdicts = dict[str, dict[str, dict[str, str]]]


@dataclass(frozen=True)
class Record:
    """One environment's verdicts."""

    environment: Environment
    """Where the blocks ran."""
    date: str
    """Day of the last run that changed or confirmed it."""
    commit: str
    """Commit that was checked out."""
    seconds: dict[str, int]
    """Wall time of each page, rounded up."""
    blocks: Verdicts
    """By page and block: `code`, a hash, and `verdict`: `passed`, `failed` or `skipped: REASON`."""

    def verdict(self, page: str, block: str, code: str) -> str:
        """Return the verdict on exactly this code, or '' if this code has not run here."""
        entry = self.blocks.get(page, {}).get(block, {})
        return entry.get("verdict", "") if entry.get("code") == code else ""


def page_key(page: Page, root: Path) -> str:
    """Return the name of a page in a record: section and stem."""
    return page.snippet.relative_to(root / "snippets").with_suffix("").as_posix()


def code_hash(page: Page, block: Block) -> str:
    """Return the hash of a block's code and of the code that it needs."""
    code = "\0".join(part.code for part in needs(page, block))
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def read_records(folder: Path) -> list[Record]:
    """Return the records of a folder: CPU before GPU, the newest torch first."""
    records = []
    for path in folder.glob("*.json"):
        content = json.loads(path.read_text("utf-8"))
        content["environment"] = Environment(**content["environment"])
        records.append(Record(**content))
    return sorted(records, key=lambda record: (record.environment.device, newest_first(record.environment.torch)))


def newest_first(version: str) -> list[int]:
    """Return a key that sorts versions from new to old."""
    return [-int(part) for part in version.split(".") if part.isdigit()]


def write_record(folder: Path, environment: Environment, blocks: Verdicts, seconds: dict[str, int]) -> Path:
    """Write the environment's record; pages that did not run now keep what it said before. Return its path."""
    path = folder / f"{environment.id}.json"
    before = json.loads(path.read_text("utf-8")) if path.exists() else {"blocks": {}, "seconds": {}}
    content = {
        "environment": asdict(environment),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": head(folder),
        "seconds": dict(sorted((before["seconds"] | seconds).items())),
        "blocks": dict(sorted((before["blocks"] | blocks).items())),
    }
    write_whole(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def head(folder: Path) -> str:
    """Return the commit that is checked out, or '' outside a checkout."""
    git = ["git", "-C", str(folder.parent), "rev-parse", "HEAD"]
    done = subprocess.run(git, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def passed_in(records: Iterable[Record], page: str, block: str, code: str) -> list[Environment]:
    """Return the environments in which exactly this code passed."""
    return [record.environment for record in records if record.verdict(page, block, code) == "passed"]
