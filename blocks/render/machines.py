"""What lies beside the pages: programs, notebooks, Markdown, `llms.txt` to list it, `llms-full.txt` to hold it."""

from pathlib import Path

from blocks.render.guide import Guide


def write_files(guide: Guide, folder: Path, site_url: str, description: str) -> None:
    """Write these files into the built site."""
    texts = list(guide.texts(site_url))
    listing = "".join(f"- [{title}]({site_url}{address})\n" for address, title, _ in texts)
    head = f"# PyTorch Deep Dive\n\n> {description}\n\n"
    files = dict(guide.downloads(site_url)) | {address: text for address, _, text in texts}
    files["llms.txt"] = f"{head}## Pages\n\n{listing}"
    files["llms-full.txt"] = head + "\n\n".join(text for _, _, text in texts)
    for address, text in files.items():
        path = folder / address
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
