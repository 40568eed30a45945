"""`python -m blocks offline`: the whole guide as one zip, to read from disk without a network."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HELP = "write the guide as one zip that is read from disk"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--to", type=Path, default=Path("pytorch-deep-dive.zip"), help="the zip to write")


def run(root: Path, options: argparse.Namespace) -> int:
    """Build the site for reading from disk, and pack it; return the build's exit code."""
    to = options.to.resolve()
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, to.stem)
        build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
        done = subprocess.run(build, cwd=root, env=os.environ | {"OFFLINE": "true"}, check=False)
        if done.returncode == 0:
            shutil.make_archive(str(to.with_suffix("")), "zip", folder, site.name)
            print(f"{to}: unpack it, and open {site.name}/index.html")
    return done.returncode
