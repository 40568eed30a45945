"""Warnings that a correct call gets from inside a library: named, dated, sorted, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Exemption:
    """One warning that is not held against a block."""

    name: str
    """What it is about."""
    category: type[Warning]
    """Its class."""
    message: str
    """Pattern that its text starts with."""
    module: str
    """Pattern that the name of the module it is raised from starts with; never a block's own."""
    since: str
    """Date it was seen, and with which version."""
    reason: str
    """Why a block cannot avoid it."""


EXEMPTIONS = (
    Exemption(
        name="jit-script-inside-forward-mode",
        category=FutureWarning,
        message=r"`torch\.jit\.script` is (deprecated|not supported in Python 3\.14)",
        module=r"torch\.jit\._script",
        since="2026-11-24, torch 2.15.0",
        reason="the first jacfwd or hessian of a process compiles torch's own decompositions with torch.jit.script",
    ),
    Exemption(
        name="jit-script-inside-forward-mode-before-2.14",
        category=DeprecationWarning,
        message=r"`torch\.jit\.script` is deprecated",
        module=r"torch\.jit\._script",
        since="2026-11-24, torch 2.11.0",
        reason="as above: older versions warn of it with another class",
    ),
    Exemption(
        name="jit-script-method-when-the-compiler-loads-before-2.15",
        category=DeprecationWarning,
        message=r"`torch\.jit\.script_method` is deprecated",
        module=r"torch\.jit\._script",
        since="2026-11-27, torch 2.11.0",
        reason="torch's compiler imports torch.utils.mkldnn, whose classes were made with it",
    ),
    Exemption(
        name="leaf-spec-when-a-program-is-copied-before-2.15",
        category=FutureWarning,
        message=r"`isinstance\(treespec, LeafSpec\)` is deprecated",
        module=r"copyreg",
        since="2026-11-27, torch 2.11.0",
        reason="an exported program, whose inputs that class describes, is copied by run_decompositions and load",
    ),
    Exemption(
        name="more-workers-than-cores",
        category=UserWarning,
        message=r"This DataLoader will create \d+ worker processes in total",
        module=r"torch\.utils\.data\.dataloader",
        since="2026-11-27, torch 2.15.0",
        reason="whether it comes depends on the cores of the machine, not on the code",
    ),
)
