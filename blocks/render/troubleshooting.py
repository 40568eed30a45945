"""What the troubleshooting pages make of the entries: lists for readers, data for the search and for tools."""

import json
import posixpath
from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from blocks.outputs.entries import Entry
from blocks.outputs.error_messages import kind_of

SHOWN = 110  # characters of a message in a list


def with_lists(markdown: str, entries: Sequence[Entry], page: str) -> str:
    """Return a page's Markdown with the lists of entries where `<!-- errors -->` or `<!-- messages -->` stands."""
    made: dict[str, Callable[[Sequence[Entry], str], str]] = {
        "<!-- errors -->": by_doing,
        "<!-- messages -->": by_letter,
    }
    for place, make in made.items():
        markdown = markdown.replace(place, make(entries, page)) if place in markdown else markdown
    return markdown


def by_doing(entries: Sequence[Entry], page: str) -> str:
    """Return the headings of all entries, each a link, below what their reader was doing."""
    parts = []
    for doing, group in groupby(entries, lambda entry: entry.doing):
        links = "".join(f"- [{escaped(entry.heading)}]({link(entry, page)})\n" for entry in group)
        parts.append(f"### {doing[:1].upper()}{doing[1:]}\n\n{links}")
    return "\n".join(parts)


def by_letter(entries: Sequence[Entry], page: str) -> str:
    """Return all messages in the order of the alphabet, each a link, with its class; older wordings are marked."""
    lines: dict[tuple[str, str], str] = {}
    for entry in entries:
        for old, message in [*((False, text) for text in entry.messages), *((True, text) for text in entry.older)]:
            kind, words = kind_of(message)
            text, note = cut(words or message), ", ".join(filter(None, [kind, "older" if old else ""]))
            line = f"- [{code(text)}]({link(entry, page)}){f' {note}' if note else ''}\n"
            lines.setdefault((sortable(text), note), line)
    parts = [
        f"## {letter}\n\n{''.join(lines[key] for key in keys)}"
        for letter, keys in groupby(sorted(lines), lambda key: key[0][:1].upper() or "Others")
    ]
    return "\n".join(parts)


def sortable(text: str) -> str:
    """Return a message in small letters, from its first letter on."""
    return "".join(c for c in text.lower() if c.isalpha() or c == " ").strip()


def cut(text: str) -> str:
    """Return the beginning of a message, at the end of a word."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN].rsplit(' ', 1)[0]} ..."


def code(text: str) -> str:
    """Return text as code in Markdown."""
    ticks = "``" if "`" in text else "`"
    return f"{ticks} {text} {ticks}" if "`" in text else f"{ticks}{text}{ticks}"


def escaped(text: str) -> str:
    """Return text that Markdown leaves as it is."""
    return "".join(f"\\{c}" if c in "\\`*_[]>#" else c for c in escape(text, quote=False))


def link(entry: Entry, page: str) -> str:
    """Return the link to an entry from a page, by the paths of both below `docs`."""
    return posixpath.relpath(entry.place, posixpath.dirname(page) or ".")


def of_lesson(entries: Iterable[Entry], path: str) -> list[Entry]:
    """Return the entries whose lesson is this page, by its path below `docs`."""
    return [entry for entry in entries if entry.lesson.partition("#")[0] == path]


def in_nav_order(entries: Iterable[Entry], config: Path) -> list[Entry]:
    """Return the entries with their pages in the order of the nav."""
    nav = config.read_text("utf-8") if config.exists() else ""
    return sorted(entries, key=lambda entry: (nav.find(f" {entry.page}.md"), entry.page))


def wordings(entry: Entry) -> list[str]:
    """Return what a reader may have seen of an entry: its messages, older wordings, and its heading."""
    return list(dict.fromkeys([*entry.messages, *entry.older, entry.heading]))


def as_json(entries: Sequence[Entry], torch: str, address: Callable[[str, str], str]) -> str:
    """Return all entries for tools; `address` turns page and anchor into an absolute address."""
    listed = [
        {
            "title": entry.heading,
            "messages": entry.messages,
            "older": entry.older,
            "doing": entry.doing,
            "cause": entry.cause,
            "fix": entry.fix,
            "url": address(f"{entry.page}.md", f"#{entry.anchor}"),
            "lesson": address(*parted(entry.lesson)),
        }
        for entry in entries
    ]
    return json.dumps({"torch": torch, "entries": listed}, indent=1, ensure_ascii=False) + "\n"


def parted(place: str) -> tuple[str, str]:
    """Return path and anchor of a link."""
    path, sign, anchor = place.partition("#")
    return path, sign + anchor
