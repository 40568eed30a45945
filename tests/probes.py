"""Probes of the simulated accelerator: what must raise as it does with CUDA, and what must run, and be right.

Each is a few lines over `x`, which is on the device, and `c`, which is the same on the CPU.
"""

SETUP = """
import copy, io, os, pickle, warnings
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close
warnings.simplefilter("error")
warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated")  # said of PyTorch's own call
torch.manual_seed(0)
D = "simulated"
c = torch.randn(3, 4)
x = c.to(D)
labels = torch.tensor([0, 1, 3])
idx = torch.tensor([2, 0])
"""
NUMPY = "Use Tensor.cpu() to copy the tensor to host memory first"
SAME = "Expected all tensors to be on the same device"
RAISES = {  # code, and what its message must hold
    "numpy": ("x.numpy()", NUMPY),
    "np-array": (
        "warnings.simplefilter('ignore'); np.array(x)",
        "Use Tensor.cpu() to copy the tensor to host memory first",
    ),
    "add": ("x + c", SAME),
    "add-to-cpu": ("c + x", SAME),
    "add-in-place": ("x.add_(c)", SAME),
    "add-to-cpu-in-place": ("c.add_(x)", SAME),
    "write-into-cpu-number": ("torch.tensor(1.0).add_(x.sum())", "device"),
    "matmul": ("x @ c.T", SAME),
    "bmm": ("torch.bmm(x[None], c.T[None])", SAME),
    "einsum": ("torch.einsum('ij,kj->ik', x, c)", SAME),
    "model-on-cpu": ("nn.Linear(4, 2)(x)", SAME),
    "input-on-cpu": ("nn.Linear(4, 2).to(D)(c)", SAME),
    "bias-on-cpu": ("F.linear(x, torch.ones(2, 4, device=D), torch.ones(2))", SAME),
    "convolution": ("F.conv1d(x[None], torch.ones(1, 3, 2))", SAME),
    "layer-norm": ("F.layer_norm(x, (4,), torch.ones(4))", SAME),
    "running-statistics": ("F.batch_norm(x, torch.zeros(4), torch.ones(4))", SAME),
    "cross-entropy": ("F.cross_entropy(x, labels)", SAME),
    "mse-loss": ("F.mse_loss(x, c)", SAME),
    "mse-loss-of-a-number": ("F.mse_loss(x.sum(), c.sum())", SAME),
    "bce-with-logits": ("F.binary_cross_entropy_with_logits(x, c.sigmoid())", SAME),
    "embedding": ("F.embedding(idx, x)", SAME),
    "gather": ("x.gather(1, labels[:, None])", SAME),
    "index-select": ("x.index_select(0, idx)", SAME),
    "scatter": ("x.scatter_(1, labels[:, None].to(D), c)", SAME),
    "masked-fill": ("x.masked_fill(c > 0, 0.0)", SAME),
    "masked-select": ("x.masked_select(c > 0)", SAME),
    "where": ("torch.where(c > 0, x, 0.0)", SAME),
    "device-index-into-cpu": ("c[idx.to(D)]", "on the same device as the indexed tensor"),
    "assign-cpu-rows-by-index": ("x[idx.to(D)] = c[:2]", SAME),
    "cat": ("torch.cat([x, c])", SAME),
    "stack": ("torch.stack([c, x])", SAME),
    "out-on-cpu": ("torch.add(x, x, out=torch.empty(3, 4))", SAME),
    "out-on-device": ("torch.add(c, c, out=torch.empty(3, 4, device=D))", SAME),
    "foreach": ("torch._foreach_add([x], [c])", SAME),
    "hidden-state": ("nn.LSTM(4, 2).to(D)(x, (torch.zeros(1, 2), torch.zeros(1, 2)))", "same device"),
    "attention": ("F.scaled_dot_product_attention(x[None], c[None], x[None])", "same device"),
    "boundaries": ("torch.bucketize(x, torch.tensor([0.0, 1.0]))", SAME),
    "cpu-generator": ("torch.randn(2, device=D, generator=torch.Generator())", "device type for generator"),
    "device-generator": ("torch.randn(2, generator=torch.Generator(D))", "device type for generator"),
    "cpu-generator-in-place": ("x.normal_(generator=torch.Generator())", "device type for generator"),
    "second-device": ("torch.ones(2, device='simulated:1')", "invalid device ordinal"),
    "move-to-second-device": ("x.to('simulated:1')", "invalid device ordinal"),
    "storage-of-the-cpu": ("x.set_(c.untyped_storage())", "devices must match"),
    "bce-under-autocast": (
        "with torch.autocast(D, torch.bfloat16): F.binary_cross_entropy(x.sigmoid(), x.sigmoid())",
        "unsafe to autocast",
    ),
    "sparse-gradient": (
        "nn.Embedding(4, 2, sparse=True).to(D)(labels.to(D)).sum().backward()",
        "the simulated device has no sparse tensors",
    ),
}
RUNS = {
    "zero-dimensional-numbers": """
        number = torch.tensor(2.0)
        assert_close([(x * number).cpu(), (number - x).cpu(), (x > number).cpu()], [c * 2, 2 - c, c > 2])
        assert_close(torch.where(x > 0, x, number).cpu(), torch.where(c > 0, c, number))
        assert_close(x.masked_fill(x > 0, number).cpu(), c.masked_fill(c > 0, 2))
        x.fill_(number); x[0] = torch.tensor(1.0)
        assert_close(x.cpu(), torch.tensor([1.0, 2, 2])[:, None].expand(3, 4))""",
    "cpu-indices-and-masks": """
        assert_close([x[idx].cpu(), x[c > 0].cpu(), x[:, idx].cpu()], [c[idx], c[c > 0], c[:, idx]])
        x[idx] = 7.0; c[idx] = 7.0
        assert_close(x.cpu(), c)""",
    "copies-cross": """
        x[0] = torch.arange(4.0); x[1:].copy_(torch.ones(2, 4))
        c.copy_(x)
        assert c.tolist() == [[0, 1, 2, 3], [1] * 4, [1] * 4]""",
    "views-alias": """
        for view in (x.T, x.view(-1), x[1:], x.unsqueeze(0), x.detach(), x.as_strided((2, 2), (4, 1)), x.chunk(2)[1]):
            view.zero_(); view += 1
            assert view.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
        assert x.cpu().sum() == 12""",
    "in-place-returns-its-argument": """
        out = torch.empty(0, device=D)
        assert x.add_(1) is x and torch.mul(x, 2, out=out) is out and out.shape == (3, 4)
        assert x.resize_(5, 5).shape == (5, 5) and x.cpu()[0].tolist() == (c + 1).flatten()[:5].tolist()""",
    "set-and-storages": """
        y = torch.empty(0, device=D).set_(x)
        y[0, 0] = 5.0
        assert x[0, 0].item() == 5 and x.untyped_storage().nbytes() == 48
        x.untyped_storage().resize_(0); x.untyped_storage().resize_(48)
        assert x.fill_(3).sum().item() == 36""",
    "module-to-keeps-parameters": """
        model = nn.Linear(4, 1); before = list(model.parameters())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model.to(D)
        assert [id(p) for p in model.parameters()] == [id(p) for p in before] and model.weight.device.type == D
        old = model.weight.detach().clone(); model(x).sum().backward(); optimizer.step()
        assert (model.weight != old).all() and model.weight.grad.device.type == D""",
    "optimizers": """
        for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop, torch.optim.Adagrad):
            for options in ({}, {"foreach": True}, {"fused": True}):
                if "fused" in options and kind is torch.optim.RMSprop:
                    continue
                here, there = nn.Linear(4, 1), nn.Linear(4, 1).to(D)
                there.load_state_dict(here.state_dict())
                for model, inputs in ((here, c), (there, x)):
                    optimizer = kind(model.parameters(), lr=0.1, **options)
                    for _ in range(3):
                        optimizer.zero_grad(); model(inputs).square().mean().backward(); optimizer.step()
                assert_close(there.weight.cpu(), here.weight)""",
    "lazy-modules": """
        model = nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d()).to(D)
        assert model(x).device.type == D and model[0].weight.device.type == D
        model = nn.LazyLinear(3); model(c); model.to(D)(x)""",
    "convolutions": """
        picture = torch.randn(2, 4, 9, 9)
        for layer in (nn.Conv2d(4, 6, 3, groups=2), nn.ConvTranspose2d(4, 6, 3, stride=2, bias=False)):
            here = picture.clone().requires_grad_(); there = picture.to(D).requires_grad_()
            y = layer(here); y.square().mean().backward(); grad = layer.weight.grad.clone(); layer.zero_grad()
            z = layer.to(D)(there); z.square().mean().backward()
            assert_close([z.cpu(), there.grad.cpu(), layer.weight.grad.cpu()], [y, here.grad, grad])""",
    "recurrent-networks": """
        for layer in (nn.LSTM(4, 5, 2), nn.GRU(4, 5), nn.RNN(4, 5), nn.LSTM(4, 5, bidirectional=True, bias=False)):
            sequence = torch.randn(7, 2, 4)
            y = layer(sequence)[0]; y.square().mean().backward()
            grads = [p.grad.clone() for p in layer.parameters()]; layer.zero_grad()
            z = layer.to(D)(sequence.to(D))[0]; z.square().mean().backward()
            assert_close([z.cpu(), *(p.grad.cpu() for p in layer.parameters())], [y, *grads])
        cell = nn.GRUCell(4, 5)
        assert_close(cell(c), copy.deepcopy(cell).to(D)(x).cpu())""",
    "attention": """
        q = torch.randn(2, 3, 5, 4)
        y = F.scaled_dot_product_attention(q, q, q, is_causal=True)
        assert_close(F.scaled_dot_product_attention(*[q.to(D)] * 3, is_causal=True).cpu(), y)
        encoder = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval()
        with torch.no_grad():
            assert_close(copy.deepcopy(encoder).to(D)(q[0].to(D)).cpu(), encoder(q[0]))""",
    "inference-mode": """
        with torch.inference_mode():
            y = x * 2; y[0].zero_(); view = y.view(-1); view += 1
            assert view.is_inference() and y[0].cpu().tolist() == [1] * 4
        assert not x.T.is_inference()""",
    "forward-mode": """
        from torch.func import jvp, hessian
        f = lambda t: (t.sin() * t).sum()
        assert_close(jvp(f, (x,), (x,))[1].cpu(), jvp(f, (c,), (c,))[1])
        assert_close(jvp(lambda t: t.T + torch.ones(4, 3, device=t.device), (x,), (x,))[1].cpu(), c.T)
        assert_close(hessian(f)(x[0]).cpu(), hessian(f)(c[0]))""",
    "vmap-and-grad": """
        from torch.func import grad, vmap
        f = lambda row: row.square().sum().sqrt()
        assert_close(vmap(grad(f))(x).cpu(), vmap(grad(f))(c))""",
    "conjugate-and-negative-views": """
        z = torch.randn(3, dtype=torch.complex64); w = z.to(D)
        assert w.conj().is_conj() and w.conj().imag.is_neg()
        for f in (torch.conj, torch.view_as_real, lambda t: t.conj().imag, lambda t: t.conj() * t):
            assert_close(f(w).cpu(), f(z))""",
    "autocast": """
        model = nn.Linear(4, 2).to(D)
        with torch.autocast(D, torch.bfloat16):
            assert model(x).dtype == torch.bfloat16 and model(x).exp().dtype == torch.float32
        assert model(x).dtype == torch.float32""",
    "grad-scaler": """
        model = nn.Linear(4, 1).to(D); scaler = torch.amp.GradScaler(D)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for factor in (1.0, float("inf")):
            old = model.weight.detach().clone(); optimizer.zero_grad()
            scaler.scale((model(x) * factor).mean()).backward(); scaler.unscale_(optimizer)
            scaler.step(optimizer); scaler.update()
            assert (model.weight != old).any().item() is (factor == 1.0)
        assert scaler.get_scale() == 2.0**15""",
    "pinned-memory": """
        assert c.pin_memory().is_pinned() and not c.is_pinned()
        data = torch.utils.data.TensorDataset(c, labels)
        for inputs, targets in torch.utils.data.DataLoader(data, batch_size=2, pin_memory=True):
            assert inputs.is_pinned() and inputs.to(D, non_blocking=True).device.type == D""",
    "saving": """
        file = io.BytesIO(); torch.save({"x": x, "model": nn.Linear(2, 2).to(D).state_dict()}, file)
        for place, device in ((None, D), ("cpu", "cpu"), (D, D)):
            file.seek(0); loaded = torch.load(file, map_location=place)
            assert loaded["x"].device.type == device; assert_close(loaded["x"].cpu(), c)
        assert_close([copy.deepcopy(x).cpu(), pickle.loads(pickle.dumps(x)).cpu()], [c, c])""",
    "memory-counters": """
        torch.accelerator.reset_peak_memory_stats()
        before = torch.accelerator.memory_allocated()
        big = torch.empty(1024, 256, device=D); view = big.T
        assert torch.accelerator.memory_allocated() - before == 2**20
        other = big + 1; del other
        assert torch.accelerator.max_memory_allocated() - before == 2**21
        del big, view
        assert torch.accelerator.memory_allocated() == before <= torch.accelerator.memory_reserved()
        torch.accelerator.empty_cache()
        assert torch.accelerator.memory_reserved() == before""",
    "random-numbers": """
        torch.manual_seed(1); here = torch.rand(5); first = torch.rand(5, device=D); mask = F.dropout(x)
        torch.manual_seed(1); second = torch.rand(5, device=D)
        assert first.tolist() == second.tolist() != here.tolist() == torch.rand(5).tolist()
        assert F.dropout(x).tolist() == mask.tolist()
        state = torch.simulated.get_rng_state(); drawn = torch.randperm(9, device=D)
        torch.simulated.set_rng_state(state)
        assert torch.randperm(9, device=D).tolist() == drawn.tolist()
        with torch.random.fork_rng(device_type=D):
            torch.rand(1, device=D)
        own = torch.Generator(D).manual_seed(3)
        drawn = torch.rand(2, device=D, generator=own)
        assert torch.rand(2, device=D, generator=own.manual_seed(3)).tolist() == drawn.tolist()
        assert own.device.type == D and own.initial_seed() == 3""",
    "checkpointing": """
        from torch.utils.checkpoint import checkpoint
        layer = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)).to(D); inputs = x.clone().requires_grad_()
        torch.manual_seed(0); layer(inputs).sum().backward(); grad = inputs.grad.clone(); inputs.grad = None
        torch.manual_seed(0); checkpoint(layer, inputs, use_reentrant=False).sum().backward()
        assert_close(inputs.grad.cpu(), grad.cpu())""",
    "streams-and-events": """
        start, end = torch.Event(D, enable_timing=True), torch.Event(D, enable_timing=True)
        start.record(); x @ x.T; end.record(); torch.accelerator.synchronize()
        assert start.elapsed_time(end) >= 0
        stream = torch.Stream(D)
        with stream:
            assert torch.accelerator.current_stream() == stream
            x.record_stream(stream)
        assert torch.accelerator.current_stream() != stream""",
    "ctc-loss": """
        logits = torch.randn(6, 2, 4).log_softmax(2); targets = torch.tensor([[1, 2], [2, 3]])
        lengths = torch.tensor([6, 6]), torch.tensor([2, 2])
        assert_close(F.ctc_loss(logits.to(D), targets.to(D), *lengths).cpu(), F.ctc_loss(logits, targets, *lengths))""",
    "linear-algebra-and-transforms": """
        square = lambda t: t @ t.T + torch.eye(3, device=t.device)
        for f in (
            lambda t: torch.linalg.eigh(square(t)).eigenvalues, lambda t: torch.linalg.solve(square(t), t),
            torch.fft.fft, torch.unique, lambda t: t.sort().values, lambda t: t.topk(2).indices,
        ):
            assert_close(f(x).cpu(), f(c))""",
    "printing": """
        assert repr(torch.arange(2, device=D)) == "tensor([0, 1], device='simulated:0')"
        assert f"{x[0, 0]:.2f}" == f"{c[0, 0]:.2f}"
        assert x.device == torch.device(D, 0) != torch.device(D) and x.tolist() == c.tolist()""",
    "compiling": """
        f = torch.compile(lambda t: (t * 2).relu(), backend="aot_eager")
        assert_close(f(x).cpu(), (c * 2).relu())""",
    "forked-processes": """
        child = os.fork()
        if not child:
            try:
                x + 1
            except RuntimeError as error:
                os._exit(7 * ("Cannot re-initialize" in str(error)))
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7""",
    "threads": """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(4) as pool:
            sums = list(pool.map(lambda _: sum((x * k).sum().item() for k in range(50)), range(8)))
        assert_close(sums, [sum((c * k).sum().item() for k in range(50))] * 8)""",
}  # fmt: skip
