"""The guide for machines: each page as Markdown, `llms.txt` that lists them, `llms-full.txt` that holds them all."""

from pathlib import Path

from blocks.guide import Guide


def write_texts(guide: Guide, folder: Path, site_url: str, description: str) -> None:
    """Write these files into the built site."""
    texts = list(guide.texts(site_url))
    for address, _, text in texts:
        path = folder / address
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    listing = "".join(f"- [{title}]({site_url}{address})\n" for address, title, _ in texts)
    head = f"# PyTorch Deep Dive\n\n> {description}\n\n"
    (folder / "llms.txt").write_text(f"{head}## Pages\n\n{listing}", "utf-8")
    (folder / "llms-full.txt").write_text(head + "\n\n".join(text for _, _, text in texts), "utf-8")
