"""The script that finds the entry of a pasted message, run without a browser over all entries of the guide."""

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from blocks.outputs.entries import read_entries
from blocks.read.page import read_page
from blocks.read.paths import find_pages
from blocks.render.troubleshooting import wordings
from tests.variants import variants

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "docs" / "assets" / "js" / "match.js"
SHARE = 0.97
RUN = """
globalThis.window = {};
require("vm").runInThisContext(require("fs").readFileSync(process.argv[1], "utf8"));
const { docs, texts } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const match = window.matcher(docs);
const first = (text) => [...match(text).likeness].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
console.log(JSON.stringify(texts.map(first)));
"""
QUESTIONS = """
    what is the difference between view and reshape|how do I move a tensor to the gpu|no_grad|broadcasting rules
    gradient clipping|type promotion int and float|freeze layers|learning rate schedule|how to save a model
    batch size|embedding|CrossEntropyLoss|torch.compile graph break|DataLoader num_workers|deterministic
""".replace("\n", "|").split("|")

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="node runs the script")


@pytest.fixture(scope="module")
def entries():
    return read_entries(read_page(path, ROOT) for path in find_pages(ROOT) if path.parent.name == "troubleshooting")


def first(entries, texts):
    """Return the place of the first entry that each text finds, or ''."""
    docs = [{"location": entry.place, "messages": wordings(entry)} for entry in entries]
    command = ["node", "-e", RUN, str(SCRIPT)]
    given = json.dumps({"docs": docs, "texts": texts})
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_pasted_messages_find_their_entry(entries):
    pasted = list(variants(entries))
    found = first(entries, [text for _, text, _ in pasted])
    lost = [(*case, place) for case, place in zip(pasted, found, strict=True) if place not in case[2]]
    shown = "\n".join(f"{way}: {text!r}\n  finds {place or 'nothing'}" for way, text, _, place in lost)
    print(f"{len(pasted) - len(lost)} of {len(pasted)} found; lost {Counter(case[0] for case in lost)}\n{shown}")
    assert len(lost) <= (1 - SHARE) * len(pasted), shown


def test_plain_questions_are_no_messages(entries):
    texts = [text.strip() for text in QUESTIONS if text.strip()]
    assert dict(zip(texts, first(entries, texts), strict=True)) == dict.fromkeys(texts, "")
