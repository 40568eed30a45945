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
        name="autograd-function-that-the-compiler-makes-before-2.14",
        category=DeprecationWarning,
        message=r"<class 'torch\.autograd\.function\.Function'> should not be instantiated",
        module=r"torch\._dynamo\.side_effects",
        since="2026-11-27, torch 2.11.0",
        reason="the compiler makes an object of the base class while it records a custom function",
    ),
    Exemption(
        name="empty-first-capture-of-reduce-overhead",
        category=UserWarning,
        message=r"The CUDA Graph is empty",
        module=r"torch\.cuda\.graphs",
        since="2026-11-27, torch 2.11.0",
        reason="the compiler captures an empty graph once, to make the memory pool that its graphs share",
    ),
    Exemption(
        name="grad-of-a-tensor-that-the-compiler-looks-at",
        category=UserWarning,
        message=r"The \.grad attribute of a Tensor that is not a leaf Tensor is being accessed",
        module=r"torch\._(dynamo\.variables\.builder|subclasses\.meta_utils)",
        since="2026-11-27, torch 2.15.0",
        reason="the compiler asks each tensor for its gradient and only keeps the warning from being shown",
    ),
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
        name="leaf-spec-when-a-program-is-copied-before-2.14",
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
    Exemption(
        name="read-only-buffer-when-a-program-is-loaded-before-2.13",
        category=UserWarning,
        message=r"The given buffer is not writable",
        module=r"torch\.export\.pt2_archive\._package",
        since="2026-11-27, torch 2.11.0",
        reason="torch.export.load makes the weights from the bytes of the file",
    ),
    Exemption(
        name="tf32-is-off-when-the-compiler-starts-before-2.15",
        category=UserWarning,
        message=r"TensorFloat32 tensor cores for float32 matrix multiplication available but not enabled",
        module=r"torch\._inductor\.compile_fx",
        since="2026-11-27, torch 2.11.0",
        reason="each first compilation on a new GPU gives this hint about speed; newer versions write it to a log",
    ),
    Exemption(
        name="typed-storage-when-kernels-are-tuned",
        category=UserWarning,
        message=r"TypedStorage is deprecated",
        module=r"torch\._inductor\.select_algorithm",
        since="2026-11-27, torch 2.11.0",
        reason="max-autotune compares the storages of its own buffers through that class",
    ),
)
