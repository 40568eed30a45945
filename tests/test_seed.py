"""Every heading of the one long page that the guide began as has a row that says where it went."""

from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "where-did-it-go.md"
HEADINGS = """
Introduction, Installation, Core Concepts, 1. Tensors, 2. Autograd, Tensors, Creating Tensors, Tensor Operations,
GPU Operations, Autograd, Basic Usage, Gradient Context, Detaching Tensors, Building Neural Networks, Using nn.Module,
Convolutional Neural Network, Sequential API, Training Loop, Complete Training Example, Validation Loop,
Advanced Features, Learning Rate Scheduling, Data Augmentation, Transfer Learning, Model Saving and Loading,
Best Practices, 1. Always Set Model Mode, 2. Use torch.no_grad() for Inference, 3. Clear Gradients,
4. Move Data and Model to Same Device, 5. Use DataLoader for Batching, 6. Monitor GPU Memory, Common Patterns,
Custom Dataset, Early Stopping, Gradient Clipping, Resources, Official Documentation, Learning Resources, Community,
Next Steps
"""


@pytest.mark.parametrize("heading", [heading.strip() for heading in HEADINGS.replace("\n", " ").split(",")])
def test_heading_has_a_row_with_a_link(heading):
    rows = [line.split("|") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    places = [cells[2] for cells in rows if cells[1].strip().replace("`", "").split(":")[0] == heading]
    assert any("](" in place for place in places)
