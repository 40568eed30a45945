"""Many environments in one line: a device, then the versions that ran on it."""

import re
from collections.abc import Iterable, Sequence

from blocks.run.shared.environment import Environment


def summary(environments: Sequence[Environment]) -> str:
    """Return such as 'CPU with torch 2.11 to 2.15, Python 3.11 and 3.14, Linux; NVIDIA H200 with ...'."""
    devices = dict.fromkeys(map(device, environments))
    return "; ".join(on_device(name, [e for e in environments if device(e) == name]) for name in devices)


def device(environment: Environment) -> str:
    """Return the name that a reader knows the device by."""
    return "CPU" if environment.device == "cpu" else environment.name


def on_device(name: str, environments: Sequence[Environment]) -> str:
    """Return the device and the versions of its environments."""
    systems = ", ".join(dict.fromkeys(environment.system for environment in environments))
    torch = environments[0].torch if len(environments) == 1 else spans(e.torch for e in environments)
    python = spans(environment.python for environment in environments)
    return f"{name} with torch {torch}, Python {python}, {systems}"


def spans(versions: Iterable[str]) -> str:
    """Return minor versions in order, those that follow each other as one: '2.11 to 2.13, 2.15'."""
    found = [re.match(r"(\d+)\.(\d+)", version) for version in versions]
    minors = sorted({(int(match[1]), int(match[2])) for match in found if match})
    runs: list[list[tuple[int, int]]] = []
    for major, minor in minors:
        if runs and runs[-1][-1] == (major, minor - 1):
            runs[-1].append((major, minor))
        else:
            runs.append([(major, minor)])
    return ", ".join(span([f"{major}.{minor}" for major, minor in run]) for run in runs)


def span(run: list[str]) -> str:
    """Return versions that follow each other as one: '2.11', '2.11 and 2.12', '2.11 to 2.13'."""
    return run[0] if len(run) == 1 else f"{run[0]} {'and' if len(run) == 2 else 'to'} {run[-1]}"
