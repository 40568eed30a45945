"""Which block, by hash of its code, passed in which environment: `docs/records/ENVIRONMENT.json`."""

import datetime
import hashlib
import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from blocks.errors import BadInput
from blocks.outputs.store import read_outputs, variants
from blocks.read.page import Block, Page
from blocks.run.shared.environment import Environment
from blocks.text_files import write_whole

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
    """By page and block: hashes of `code` and `output`, and `verdict`: `passed`, `failed` or `skipped: REASON`."""

    def verdict(self, page: str, block: str, code: str) -> str:
        """Return the verdict on exactly this code, or '' if this code has not run here."""
        entry = self.blocks.get(page, {}).get(block, {})
        return entry.get("verdict", "") if entry.get("code") == code else ""


def code_hash(page: Page, block: Block) -> str:
    """Return the hash of a block's code and of the code that it needs."""
    code = "\0".join(part.code for part in page.program(block))
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def output_hash(text: str) -> str:
    """Return the hash of the output that is recorded for a block, against which it has run."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def holds(entry: Mapping[str, str], page: Page, block: Block, outputs: Mapping[str, str]) -> bool:
    """Tell whether an entry is about the block's code, and the output expected of it, as they are now."""
    now = {"code": code_hash(page, block), "output": output_hash(outputs.get(block.name, ""))}
    return all(entry.get(name, value) == value for name, value in now.items())


def outputs_there(page: Page, place: Environment) -> dict[str, str]:
    """Return what the page's blocks are expected to print in an environment."""
    return read_outputs(page.snippet, variants(page.snippet, place.device, place.torch))


def standing(record: Record, pages: Iterable[Page]) -> Record:
    """Return the record without its verdicts on what is another code, or another expected output, by now."""
    blocks: Verdicts = {}
    for page in pages:
        key, outputs = page.key, outputs_there(page, record.environment)
        known = record.blocks.get(key, {})
        names = [block.name for block in page.blocks if holds(known.get(block.name, {}), page, block, outputs)]
        blocks[key] = {name: known[name] for name in names if name in known}
    return replace(record, blocks=blocks)


def read_records(folder: Path) -> list[Record]:
    """Return the records in a folder: CPU before GPU, the newest torch and Python first."""
    records = map(read_record, sorted(folder.glob("*.json")))
    return sorted(records, key=lambda record: place(record.environment))


def place(environment: Environment) -> tuple[str, list[int], list[int], str]:
    """Return a key that puts environments in the order a reader meets them."""
    versions = newest_first(environment.torch), newest_first(environment.python)
    return environment.device, *versions, environment.system


def read_record(path: Path) -> Record:
    """Return the record in a file; refuse what is none."""
    try:
        content = json.loads(path.read_text("utf-8"))
        return Record(**content | {"environment": Environment(**content["environment"])})
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(path, 1, f"no record: {error!r}", "Make it with pytest --record") from None


def newest_first(version: str) -> list[int]:
    """Return a key that sorts versions from new to old."""
    return [-int(part) for part in version.split(".") if part.isdigit()]


def write_record(folder: Path, environment: Environment, blocks: Verdicts, seconds: dict[str, int]) -> Path:
    """Write the environment's record; pages that did not run now keep what it said before. Return its path."""
    path = folder / f"{environment.id}.json"
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    before = read_record(path) if path.exists() else Record(environment, today, "", {}, {})
    return save(folder, Record(environment, today, head(folder), before.seconds | seconds, before.blocks | blocks))


def save(folder: Path, record: Record) -> Path:
    """Write a record under its environment's name, its pages sorted; return its path."""
    path = folder / f"{record.environment.id}.json"
    content = asdict(record)
    content |= {name: dict(sorted(content[name].items())) for name in ("seconds", "blocks")}
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
