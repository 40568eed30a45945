"""The module `torch.simulated`: what PyTorch asks of a device in Python."""

import atexit
import sys
import time
from contextlib import nullcontext
from types import ModuleType

import torch

from simulated.build import library

NAME = "simulated"


def register() -> None:
    """Give this process the device; the accelerator of `torch.accelerator` is the simulated one from then on."""
    if hasattr(torch, NAME):
        return
    torch.ops.load_library(str(library()))  # type: ignore[no-untyped-call]
    torch.utils.rename_privateuse1_backend(NAME)
    torch._register_device_module(NAME, module())
    torch.utils.generate_methods_for_privateuse1_backend(for_storage=True)
    atexit.register(time.sleep, 0.1)  # the thread of backward lets go of Python's objects, and must not do so later


def module() -> ModuleType:
    """Return the functions below as a module."""
    made = ModuleType(f"torch.{NAME}", __doc__)
    for function in FUNCTIONS:
        setattr(made, function.__name__, function)
    constants = {"Stream": torch.Stream, "Event": torch.Event, "_initialized": True}  # checkpointing asks the last
    made.__dict__.update(constants)
    sys.modules[made.__name__] = made
    return made


def is_available() -> bool:
    """Tell that the device is there."""
    return True


def is_initialized() -> bool:
    """Tell that the device needs no initialization."""
    return True


def device_count() -> int:
    """Return the number of devices."""
    return 1


def current_device() -> int:
    """Return the index of the device."""
    return 0


def device(index: object) -> "nullcontext[None]":
    """Return a context in which the device is the current one: it always is."""
    return nullcontext()


def synchronize(device: object = None) -> None:
    """Wait for nothing: work is done when it is asked for."""


def memory_stats(device: object = None) -> dict[str, int]:
    """Return the counters of the allocator."""
    return dict(torch.accelerator.memory_stats(0))


def get_amp_supported_dtype() -> list[torch.dtype]:
    """Return the types that autocast may compute in."""
    return [torch.float16, torch.bfloat16]


def manual_seed_all(seed: int) -> None:
    """Seed the default generator, as `torch.manual_seed` asks."""
    torch.ops.simulated.seed_all(wrapped(seed))


def wrapped(seed: int) -> int:
    """Return a seed as the signed number of the same 64 bits."""
    return (seed + 2**63) % 2**64 - 2**63


def initial_seed() -> int:
    """Return the seed of the default generator."""
    return int(torch.ops.simulated.seed() % 2**64)


def get_rng_state(device: object = NAME) -> torch.Tensor:
    """Return the state of the default generator."""
    state: torch.Tensor = torch.ops.simulated.state()
    return state


def set_rng_state(state: torch.Tensor, device: object = NAME) -> None:
    """Set the state of the default generator."""
    torch.ops.simulated.set_state(state)


def _is_in_bad_fork() -> bool:
    """Tell whether this process was forked from one that had used the device."""
    return bool(torch.ops.simulated.in_bad_fork())


FUNCTIONS = (
    is_available, is_initialized, device_count, current_device, device, synchronize, memory_stats,
    get_amp_supported_dtype, manual_seed_all, initial_seed, get_rng_state, set_rng_state, _is_in_bad_fork,
)  # fmt: skip
