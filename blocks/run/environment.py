"""Where a run happened: device, versions, system. Asked for inside a run's own process, since it imports torch."""

import json
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True)
class Environment:
    """What may change the result of a block."""

    device: str
    """`cpu` or `cuda`."""
    name: str
    """Model of the GPU, or machine type and vector instructions of the CPU."""
    capability: str
    """CUDA compute capability, such as 9.0; '' on a CPU."""
    driver: str
    """CUDA version that torch was built for; '' on a CPU."""
    torch: str
    """Version without the build tag."""
    torchvision: str
    """Version without the build tag, '' where it is not installed."""
    python: str
    """Major and minor version."""
    system: str
    """Linux, macOS or Windows."""

    @property
    def id(self) -> str:
        """File stem of its record."""
        device = self.name if self.device == "cuda" else self.device
        parts = (device, self.system, f"python{self.python}", f"torch{self.torch}")
        return "-".join(parts).lower().replace(" ", "-")

    def __str__(self) -> str:
        device = "CPU" if self.device == "cpu" else self.name
        return f"{device} · torch {self.torch} · Python {self.python} · {self.system}"


def describe() -> Environment:
    """Return the environment of this process."""
    import torch

    cuda = torch.cuda.is_available()
    major, minor = torch.cuda.get_device_capability() if cuda else (0, 0)
    vectors = torch.backends.cpu.get_cpu_capability()
    return Environment(
        device="cuda" if cuda else "cpu",
        name=torch.cuda.get_device_name() if cuda else f"{platform.machine()} {vectors}",
        capability=f"{major}.{minor}" if cuda else "",
        driver=str(torch.version.cuda) if cuda else "",
        torch=installed("torch"),
        torchvision=installed("torchvision"),
        python=".".join(platform.python_version_tuple()[:2]),
        system={"Darwin": "macOS"}.get(platform.system(), platform.system()),
    )


def as_json() -> str:
    """Return the environment of this process as JSON."""
    return json.dumps(asdict(describe()))


def installed(package: str) -> str:
    """Return the version of a package without its build tag, or '' where it is not installed."""
    try:
        return version(package).split("+")[0]
    except PackageNotFoundError:
        return ""
