"""Ship one model in six ways, and measure file, start-up, latency and throughput."""

# --8<-- [start:setup]
import tempfile
import time
from pathlib import Path
from statistics import median

import onnxruntime
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.export import Dim, export
from torchao.quantization import Int8DynamicActivationInt8WeightConfig, quantize_

torch.manual_seed(0)
folder = tempfile.TemporaryDirectory()  # deleted at the end
# --8<-- [end:setup]


# --8<-- [start:train-a-model]
def build():
    layers = nn.Linear(64, 512), nn.LayerNorm(512), nn.GELU()
    layers += nn.Linear(512, 512), nn.LayerNorm(512), nn.GELU()
    return nn.Sequential(*layers, nn.Linear(512, 10)).eval()


digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32)
y = torch.tensor(digits.target)
model = build()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
for _ in range(4):
    for rows in torch.randperm(1200).split(64):
        loss = F.cross_entropy(model(X[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
test_X, test_y = X[1200:], y[1200:]
# --8<-- [end:train-a-model]


# --8<-- [start:write-the-files]
files = {
    "eager": "weights.pt",
    "export": "program.pt2",
    "ONNX": "model.onnx",
    "AOTI": "package.pt2",
    "int8": "int8.pt",
}
files = {name: Path(folder.name, file) for name, file in files.items()}

torch.save(model.state_dict(), files["eager"])
dynamic = ({0: Dim("batch", min=1, max=4096)},)
program = export(model, (X[:8].clone(),), dynamic_shapes=dynamic)
torch.export.save(program, files["export"])
torch.onnx.export(program, dynamo=True, verbose=False).save(files["ONNX"])
torch._inductor.aoti_compile_and_package(program, package_path=str(files["AOTI"]))
small = build()
small.load_state_dict(model.state_dict())
quantize_(small, Int8DynamicActivationInt8WeightConfig())
torch.save(small.state_dict(), files["int8"])
for name, file in files.items():
    print(f"{name}: {file.stat().st_size / 1000:.0f} kB")
# --8<-- [end:write-the-files]


# --8<-- [start:ways-to-load]
def eager():
    loaded = build()
    loaded.load_state_dict(torch.load(files["eager"]))
    return loaded


def onnx_session():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(
        files["ONNX"], options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda x: torch.from_numpy(session.run(None, {name: x.numpy()})[0])


def int8():
    loaded = build()
    loaded.load_state_dict(torch.load(files["int8"]), assign=True)
    return loaded


# --8<-- [end:ways-to-load]


# --8<-- [start:start-up]
ways = {
    "eager": eager,
    "compile": lambda: torch.compile(eager(), dynamic=True),
    "export": lambda: torch.export.load(files["export"]).module(),
    "ONNX": onnx_session,
    "AOTI": lambda: torch._inductor.aoti_load_package(str(files["AOTI"])),
    "int8": int8,
}
loaded, start_up = {}, {}
with torch.inference_mode():
    for name, load in ways.items():
        start = time.perf_counter()
        loaded[name] = load()
        loaded[name](test_X[:8])  # the first answer
        start_up[name] = 1000 * (time.perf_counter() - start)
        print(f"{name}: first answer after {start_up[name]:.0f} ms")
# --8<-- [end:start-up]


# --8<-- [start:latency-and-throughput]
def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@torch.inference_mode()
def medians(size, rounds):
    """Return the median seconds of each way, all measured in every round."""
    times = {name: [] for name in loaded}
    for _ in range(rounds + 3):  # the first three warm up
        for name, predict in loaded.items():
            times[name].append(seconds(lambda predict=predict: predict(test_X[:size])))
    return {name: median(values[3:]) for name, values in times.items()}


single, many = medians(1, rounds=100), medians(512, rounds=15)
for name in loaded:
    rate = 512 / many[name]
    print(f"{name}: {1000 * single[name]:.3f} ms for one, {rate:.0f} images a second")
# --8<-- [end:latency-and-throughput]


# --8<-- [start:same-answers]
with torch.inference_mode():
    wanted = model(test_X)
    for name, predict in loaded.items():
        logits = predict(test_X)
        right = (logits.argmax(1) == test_y).double().mean()
        apart = (logits - wanted).abs().max()
        print(f"{name}: accuracy {right:.3f}, logits within {apart:.4f}")
# --8<-- [end:same-answers]


# --8<-- [start:solution-break-even]
print(f"compiling took {start_up['compile']:.0f} ms")
for name in ("eager", "compile"):
    print(f"a batch of 512 with {name}: {1000 * many[name]:.2f} ms")
# --8<-- [end:solution-break-even]


# --8<-- [start:solution-large-model]
parameters = 7_000_000_000
for name, bits in (("float32", 32), ("bfloat16", 16), ("int8", 8), ("int4", 4.5)):
    print(f"{name}: {parameters * bits / 8 / 1e9:.1f} GB")
# --8<-- [end:solution-large-model]


# --8<-- [start:unfair-benchmark]
def answer_with_onnx(x):
    session = onnxruntime.InferenceSession(files["ONNX"])
    name = session.get_inputs()[0].name
    return session.run(None, {name: x.numpy()})[0]


def typical(work):
    return median(seconds(work) for _ in range(30))


with torch.inference_mode():
    ratio = typical(lambda: answer_with_onnx(X[:1])) / typical(lambda: model(X[:1]))
print(f"ONNX Runtime takes {ratio:.0f} times as long as eager")
# --8<-- [end:unfair-benchmark]


# --8<-- [start:solution-unfair-benchmark]
with torch.inference_mode():
    ratio = typical(lambda: loaded["ONNX"](X[:1])) / typical(lambda: model(X[:1]))
print(f"with the session kept it takes {ratio:.2f} times as long")
# --8<-- [end:solution-unfair-benchmark]
