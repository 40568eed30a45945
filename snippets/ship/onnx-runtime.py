"""Translate a model to ONNX, run it without PyTorch, and prove that it is equal."""

# --8<-- [start:setup]
import tempfile
import time
from pathlib import Path
from statistics import median

import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from onnx import TensorProto
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.export import Dim

torch.manual_seed(0)
folder = tempfile.TemporaryDirectory()  # deleted at the end
# --8<-- [end:setup]


# --8<-- [start:train-a-model]
digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.uint8)  # (1797, 8, 8), 0 to 16
train_x, test_x, train_y, test_y = train_test_split(
    images, torch.tensor(digits.target), random_state=0
)
network = nn.Sequential(
    *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Flatten(), nn.Dropout(0.2), nn.Linear(128, 10)),
)
optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
for _ in range(4):
    for rows in torch.randperm(len(train_y)).split(64):
        loss = F.cross_entropy(network(train_x[rows, None] / 16), train_y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
# --8<-- [end:train-a-model]


# --8<-- [start:preprocessing-inside]
class DigitReader(nn.Module):
    """Raw images in, digit and probability out."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):  # (batch, 8, 8), uint8
        x = image[:, None].float() / 16
        probability, digit = self.network(x).softmax(dim=1).max(dim=1)
        return digit, probability


reader = DigitReader(network).eval()
digit, probability = reader(test_x)
print(f"accuracy {(digit == test_y).double().mean():.3f}")
# --8<-- [end:preprocessing-inside]


# --8<-- [start:export-to-onnx]
path = Path(folder.name, "digits.onnx")
program = torch.onnx.export(
    reader,
    (test_x[:4],),
    dynamo=True,
    dynamic_shapes=({0: Dim("batch")},),
    input_names=["image"],
    output_names=["digit", "probability"],
    verbose=False,  # else it prints its progress
)
program.save(path)
print(f"{type(program).__name__}, {path.stat().st_size / 1000:.0f} kB")
# --8<-- [end:export-to-onnx]


# --8<-- [start:read-the-file]
def describe(values):
    for value in values:
        tensor = value.type.tensor_type
        shape = [size.dim_param or size.dim_value for size in tensor.shape.dim]
        print(" ", value.name, TensorProto.DataType.Name(tensor.elem_type), shape)


file = onnx.load(path)
onnx.checker.check_model(file)
print("inputs:")
describe(file.graph.input)
print("outputs:")
describe(file.graph.output)
print("operator set:", file.opset_import[0].version)
print("operators:", *(node.op_type for node in file.graph.node))
# --8<-- [end:read-the-file]


# --8<-- [start:run-the-file]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = torch.get_num_threads()  # as PyTorch, to compare
session = onnxruntime.InferenceSession(
    path, options, providers=["CPUExecutionProvider"]
)
digits_seen, probabilities = session.run(None, {"image": test_x[:3].numpy()})
print(type(digits_seen).__name__, digits_seen, probabilities.round(2))
# --8<-- [end:run-the-file]


# --8<-- [start:equal-to-eager]
@torch.inference_mode()
def compare(images):
    """Return how many digits agree and how far the probabilities are apart."""
    digit, probability = reader(images)
    other_digit, other = session.run(None, {"image": images.numpy()})
    same = (digit == torch.from_numpy(other_digit)).sum().item()
    return same, (probability - torch.from_numpy(other)).abs().max().item()


for size in (1, 2, 7, len(test_x)):
    same, apart = compare(test_x[:size])
    print(f"batch {size}: {same} digits agree, probabilities within {apart:.5f}")
# --8<-- [end:equal-to-eager]


# --8<-- [start:wrong-inputs]
def reason(error):
    """Return what a message of ONNX Runtime says, without its codes and advice."""
    text = str(error).rpartition("INVALID_ARGUMENT : ")[2].partition(" Please")[0]
    return " ".join(text.split())


good = test_x[:2].numpy()
for feed in (
    {"pixels": good},
    {"image": good.astype("float32")},
    {"image": good[0]},
    {"image": good[:, :, :7]},
):
    try:
        session.run(None, feed)
    except Exception as error:
        print(reason(error))
# --8<-- [end:wrong-inputs]


# --8<-- [start:forgotten-dynamic-shapes]
fixed = torch.onnx.export(reader, (test_x[:4],), dynamo=True, verbose=False)
describe(fixed.model_proto.graph.input)
# --8<-- [end:forgotten-dynamic-shapes]


# --8<-- [start:unsupported-operator]
class NearestPrototype(nn.Module):
    """Answer with the prototype that is closest to the input."""

    def __init__(self):
        super().__init__()
        self.prototypes = nn.Parameter(torch.randn(10, 16))

    def forward(self, x):
        return torch.cdist(x, self.prototypes).argmin(dim=1)


def root_of(error):
    """Return the exception that all the others were raised from."""
    while error.__cause__:
        error = error.__cause__
    return error


torch.manual_seed(0)
x = torch.randn(4, 16)
try:
    torch.onnx.export(NearestPrototype().eval(), (x,), dynamo=True, verbose=False)
except torch.onnx.errors.OnnxExporterError as error:
    print(f"{type(error).__name__}, because of {type(root_of(error)).__name__}:")
    print(str(root_of(error)).split(". ")[0])
# --8<-- [end:unsupported-operator]


# --8<-- [start:other-operators]
class NearestPrototypeByProducts(NearestPrototype):
    def forward(self, x):  # |x - p|^2 = |x|^2 - 2 x.p + |p|^2, and |x|^2 is common
        scores = self.prototypes.square().sum(dim=1) - 2 * x @ self.prototypes.T
        return scores.argmin(dim=1)


torch.manual_seed(1)
nearest = NearestPrototypeByProducts().eval()
small = torch.onnx.export(nearest, (x,), dynamo=True, verbose=False)
print(*(node.op_type for node in small.model_proto.graph.node))
exact = torch.cdist(x, nearest.prototypes).argmin(dim=1)
print("cdist:", exact.tolist(), "rewritten:", nearest(x).tolist())
# --8<-- [end:other-operators]


# --8<-- [start:speed]
def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@torch.inference_mode()
def ratio(size, rounds=30):
    """Return how many times as long eager PyTorch takes, measured in turns."""
    batch = test_x[:size]
    array = batch.numpy()
    ratios = []
    for _ in range(rounds + 3):
        eager = seconds(lambda: reader(batch))
        ratios.append(eager / seconds(lambda: session.run(None, {"image": array})))
    return median(ratios[3:])


for size in (1, 32, 256):
    print(f"batch {size:>3}: eager takes {ratio(size):.2f} times as long")
# --8<-- [end:speed]


# --8<-- [start:solution-count-numbers]
sizes = {weight.name: len(weight.raw_data) for weight in file.graph.initializer}
print(f"{sum(sizes.values())} bytes in {len(sizes)} tensors")
print(f"{sum(p.numel() * 4 for p in reader.parameters())} bytes in the parameters")
print("largest:", max(sizes, key=sizes.get))
# --8<-- [end:solution-count-numbers]


# --8<-- [start:solution-whole-test-set]
answers = [
    session.run(["digit"], {"image": part.numpy()})[0] for part in test_x.split(50)
]
digit = torch.cat([torch.from_numpy(answer) for answer in answers])
print(f"accuracy of the file {(digit == test_y).double().mean():.3f}")
# --8<-- [end:solution-whole-test-set]


# --8<-- [start:rows-of-one-size]
fixed_session = onnxruntime.InferenceSession(fixed.model_proto.SerializeToString())
try:
    for batch in test_x[:10].split(4):
        fixed_session.run(None, {"image": batch.numpy()})
        print(len(batch), "images read")
except Exception as error:
    print(reason(error))
# --8<-- [end:rows-of-one-size]


# --8<-- [start:solution-rows-of-one-size]
for batch in test_x[:10].split(4):
    digit, _ = session.run(None, {"image": batch.numpy()})
    print(len(digit), "images read")
# --8<-- [end:solution-rows-of-one-size]
