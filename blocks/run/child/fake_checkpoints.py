"""A checkpoint cache with made-up weights, so that `weights=` runs its real loading code without a download."""

import os
import re
from pathlib import Path

ENUM = re.compile(r"\b(\w+_Weights)\.(\w+)")


def seed_cache(folder: Path | str, code: str) -> None:
    """Point torch's hub at `folder`, holding a checkpoint for every weights enum that the code names.

    The numbers are random: shapes, names and loading are those of the published weights, predictions are not.
    """
    import torch
    from torchvision.models import get_model, get_weight

    os.environ["TORCH_HOME"] = str(folder)
    checkpoints = Path(folder, "hub", "checkpoints")
    checkpoints.mkdir(parents=True)
    for name, member in sorted(set(ENUM.findall(code))):
        weight = get_weight(f"{name}.{member}")
        with torch.random.fork_rng(devices=[]):
            model = get_model(name.removesuffix("_Weights").lower(), weights=None)
        torch.save(model.state_dict(), checkpoints / weight.url.rsplit("/", 1)[-1])
