"""Where a run happened: device, versions, system. Asked for inside a run's own process, since it imports torch."""

import json
import platform
import shutil
import subprocess
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True)
class Environment:
    """What may change the result of a block."""

    device: str
    """`cpu`, `cuda` or `simulated`."""
    name: str
    """Model of the GPU, or machine type and vector instructions of the CPU."""
    capability: str
    """CUDA compute capability, such as 9.0; '' on a CPU."""
    driver: str
    """Version of the GPU's driver; '' on a CPU."""
    cuda: str
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
        device = {"cpu": "CPU", "cuda": self.name}.get(self.device, self.device)
        return f"{device} · torch {self.torch} · Python {self.python} · {self.system}"

    @property
    def details(self) -> str:
        """All of it in one line, for the header of a test run."""
        return ", ".join(f"{name} {value}" for name, value in asdict(self).items() if value)


def describe() -> Environment:
    """Return the environment of this process; asks the driver only after torch has found a GPU."""
    import torch

    cuda = torch.cuda.is_available()
    other = "simulated" if hasattr(torch, "simulated") else "cpu"
    major, minor = torch.cuda.get_device_capability() if cuda else (0, 0)
    vectors = torch.backends.cpu.get_cpu_capability()
    return Environment(
        device="cuda" if cuda else other,
        name=torch.cuda.get_device_name() if cuda else f"{platform.machine()} {vectors}",
        capability=f"{major}.{minor}" if cuda else "",
        driver=driver() if cuda else "",
        cuda=str(torch.version.cuda) if cuda else "",
        **versions(),
    )


def versions() -> dict[str, str]:
    """Return the part of the environment that is known without importing torch."""
    return {
        "torch": installed("torch"),
        "torchvision": installed("torchvision"),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "system": {"Darwin": "macOS"}.get(platform.system(), platform.system()),
    }


def driver() -> str:
    """Return the version of the NVIDIA driver, or '' where its own tool does not tell."""
    tool = shutil.which("nvidia-smi")
    query = [tool or "", "--query-gpu=driver_version", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, check=False) if tool else None
    return done.stdout.split("\n")[0].strip() if done else ""


def as_json() -> str:
    """Return the environment of this process as JSON."""
    return json.dumps(asdict(describe()))


@cache
def installed(package: str) -> str:
    """Return the version of a package without its build tag, or '' where it is not installed."""
    try:
        return version(package).split("+")[0]
    except PackageNotFoundError:
        return ""
