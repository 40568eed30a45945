"""Make each of PyTorch's messages about shapes appear, and then go away."""

# --8<-- [start:setup]
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
# --8<-- [end:setup]


# --8<-- [start:mat1-and-mat2-shapes]
layer = nn.Linear(784, 10)
images = torch.randn(32, 28, 28)
layer(images)
# --8<-- [end:mat1-and-mat2-shapes]


# --8<-- [start:mat1-and-mat2-shapes-fixed]
print(layer(images.flatten(start_dim=1)).shape)
# --8<-- [end:mat1-and-mat2-shapes-fixed]


# --8<-- [start:size-of-tensor-a]
table = torch.ones(3, 4)
per_row = torch.tensor([1.0, 2.0, 3.0])
table + per_row
# --8<-- [end:size-of-tensor-a]


# --8<-- [start:size-of-tensor-a-fixed]
print((table + per_row[:, None]).tolist())
# --8<-- [end:size-of-tensor-a-fixed]


# --8<-- [start:invalid-for-input]
batch_size = 32
last_batch = torch.randn(3, 1, 28, 28)
last_batch.view(batch_size, 784)
# --8<-- [end:invalid-for-input]


# --8<-- [start:invalid-for-input-fixed]
print(last_batch.flatten(start_dim=1).shape)
print(last_batch.view(len(last_batch), -1).shape)
# --8<-- [end:invalid-for-input-fixed]


# --8<-- [start:view-and-stride]
table = torch.arange(6).reshape(2, 3)
table.t().view(6)
# --8<-- [end:view-and-stride]


# --8<-- [start:view-and-stride-fixed]
print(table.t().reshape(6).tolist())
print(table.reshape(6).tolist())
# --8<-- [end:view-and-stride-fixed]


# --8<-- [start:conv-channels]
conv = nn.Conv2d(in_channels=3, out_channels=8, kernel_size=3)
gray = torch.randn(2, 1, 28, 28)
conv(gray)
# --8<-- [end:conv-channels]


# --8<-- [start:conv-channels-fixed]
print(nn.Conv2d(1, 8, 3)(gray).shape)
print(conv(gray.expand(-1, 3, -1, -1)).shape)
# --8<-- [end:conv-channels-fixed]


# --8<-- [start:conv-dimensions]
image = torch.randn(28, 28)
nn.Conv2d(1, 8, kernel_size=3)(image)
# --8<-- [end:conv-dimensions]


# --8<-- [start:conv-dimensions-fixed]
print(nn.Conv2d(1, 8, kernel_size=3)(image[None, None]).shape)
# --8<-- [end:conv-dimensions-fixed]


# --8<-- [start:kernel-too-large]
small = torch.randn(1, 3, 4, 4)
nn.Conv2d(3, 8, kernel_size=5)(small)
# --8<-- [end:kernel-too-large]


# --8<-- [start:kernel-too-large-fixed]
print(nn.Conv2d(3, 8, kernel_size=5, padding=2)(small).shape)
# --8<-- [end:kernel-too-large-fixed]


# --8<-- [start:pooled-away]
features = torch.randn(1, 3, 1, 1)
nn.MaxPool2d(2)(features)
# --8<-- [end:pooled-away]


# --8<-- [start:pooled-away-fixed]
print(nn.AdaptiveAvgPool2d(1)(torch.randn(1, 3, 7, 5)).shape)
# --8<-- [end:pooled-away-fixed]


# --8<-- [start:running-mean-elements]
norm = nn.BatchNorm1d(64)
tokens = torch.randn(32, 10, 64)  # (batch, time, features)
norm(tokens)
# --8<-- [end:running-mean-elements]


# --8<-- [start:running-mean-elements-fixed]
print(norm(tokens.mT).mT.shape)
print(nn.LayerNorm(64)(tokens).shape)
# --8<-- [end:running-mean-elements-fixed]


# --8<-- [start:batch-norm-dimensions]
hidden = torch.randn(8, 16)
nn.BatchNorm2d(16)(hidden)
# --8<-- [end:batch-norm-dimensions]


# --8<-- [start:batch-norm-dimensions-fixed]
print(nn.BatchNorm1d(16)(hidden).shape)
# --8<-- [end:batch-norm-dimensions-fixed]


# --8<-- [start:normalized-shape]
channels_first = torch.randn(2, 64, 10)
nn.LayerNorm(64)(channels_first)
# --8<-- [end:normalized-shape]


# --8<-- [start:normalized-shape-fixed]
print(nn.LayerNorm(64)(channels_first.mT).mT.shape)
print(nn.GroupNorm(1, 64)(channels_first).shape)
# --8<-- [end:normalized-shape-fixed]


# --8<-- [start:cat-sizes]
left = torch.zeros(2, 3)
right = torch.zeros(2, 4)
torch.cat([left, right])
# --8<-- [end:cat-sizes]


# --8<-- [start:cat-sizes-fixed]
print(torch.cat([left, right], dim=1).shape)
# --8<-- [end:cat-sizes-fixed]


# --8<-- [start:cat-dimensions]
rows = torch.zeros(2, 3)
new_row = torch.ones(3)
torch.cat([rows, new_row])
# --8<-- [end:cat-dimensions]


# --8<-- [start:cat-dimensions-fixed]
print(torch.cat([rows, new_row[None]]).shape)
# --8<-- [end:cat-dimensions-fixed]


# --8<-- [start:cat-scalars]
losses = [torch.tensor(0.5), torch.tensor(0.25)]
torch.cat(losses)
# --8<-- [end:cat-scalars]


# --8<-- [start:cat-scalars-fixed]
print(torch.stack(losses).mean().item())
# --8<-- [end:cat-scalars-fixed]


# --8<-- [start:stack-sizes]
sentences = [torch.tensor([5, 2, 7]), torch.tensor([1, 9, 4, 3])]
torch.stack(sentences)
# --8<-- [end:stack-sizes]


# --8<-- [start:stack-sizes-fixed]
print(nn.utils.rnn.pad_sequence(sentences, batch_first=True).tolist())
# --8<-- [end:stack-sizes-fixed]


# --8<-- [start:ragged-list]
table = [[1, 2], [3]]
torch.tensor(table)
# --8<-- [end:ragged-list]


# --8<-- [start:ragged-list-fixed]
rows = [torch.tensor(row) for row in table]
print(nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1).tolist())
# --8<-- [end:ragged-list-fixed]


# --8<-- [start:list-of-tensors]
outputs = [torch.ones(2), torch.zeros(2)]
torch.tensor(outputs)
# --8<-- [end:list-of-tensors]


# --8<-- [start:list-of-tensors-fixed]
print(torch.stack(outputs).tolist())
# --8<-- [end:list-of-tensors-fixed]


# --8<-- [start:item-of-many]
losses = torch.tensor([0.5, 1.5])
losses.item()
# --8<-- [end:item-of-many]


# --8<-- [start:item-of-many-fixed]
print(losses.mean().item(), losses.tolist())
# --8<-- [end:item-of-many-fixed]


# --8<-- [start:ambiguous-bool]
scores = torch.tensor([0.25, -0.5])
if scores > 0:
    print("positive")
# --8<-- [end:ambiguous-bool]


# --8<-- [start:ambiguous-bool-fixed]
print("any:", (scores > 0).any().item(), "all:", (scores > 0).all().item())
print(torch.where(scores > 0, scores, 0).tolist())
# --8<-- [end:ambiguous-bool-fixed]


# --8<-- [start:index-out-of-range]
embedding = nn.Embedding(num_embeddings=10, embedding_dim=4)
tokens = torch.tensor([1, 10])
embedding(tokens)
# --8<-- [end:index-out-of-range]


# --8<-- [start:index-out-of-range-fixed]
embedding = nn.Embedding(num_embeddings=11, embedding_dim=4)  # tokens 0 to 10
print(embedding(tokens).shape)
# --8<-- [end:index-out-of-range-fixed]


# --8<-- [start:out-of-bounds]
values = torch.tensor([10, 20, 30])
values[3]
# --8<-- [end:out-of-bounds]


# --8<-- [start:out-of-bounds-fixed]
print(values[2].item(), values[-1].item(), values[1:99].tolist())
# --8<-- [end:out-of-bounds-fixed]


# --8<-- [start:too-many-indices]
gray = torch.zeros(28, 28)
gray[0, 5, 5]
# --8<-- [end:too-many-indices]


# --8<-- [start:too-many-indices-fixed]
print(gray[5, 5].item(), gray[None][0, 5, 5].item())
# --8<-- [end:too-many-indices-fixed]


# --8<-- [start:dimension-out-of-range]
logits = torch.tensor([2.0, 1.0, 0.1])
logits.softmax(dim=1)
# --8<-- [end:dimension-out-of-range]


# --8<-- [start:dimension-out-of-range-fixed]
print([round(value, 2) for value in logits.softmax(dim=-1).tolist()])
# --8<-- [end:dimension-out-of-range-fixed]


# --8<-- [start:mask-shape]
rows = torch.arange(8).reshape(4, 2)
keep = torch.tensor([True, False, True])
rows[keep]
# --8<-- [end:mask-shape]


# --8<-- [start:mask-shape-fixed]
keep = rows[:, 0] > 2
print(rows[keep].tolist())
# --8<-- [end:mask-shape-fixed]


# --8<-- [start:indexing-tensors]
table = torch.arange(12).reshape(3, 4)
table[[0, 1], [0, 1, 2]]
# --8<-- [end:indexing-tensors]


# --8<-- [start:indexing-tensors-fixed]
print(table[[0, 1]][:, [0, 1, 2]].tolist())
rows = torch.tensor([0, 1])
print(table[rows[:, None], torch.tensor([0, 1, 2])].tolist())
# --8<-- [end:indexing-tensors-fixed]


# --8<-- [start:value-tensor]
values = torch.tensor([0.0, 5.0, 0.0])
values[values == 0] = torch.ones(3)
# --8<-- [end:value-tensor]


# --8<-- [start:value-tensor-fixed]
values[values == 0] = 1.0
print(values.tolist())
# --8<-- [end:value-tensor-fixed]


# --8<-- [start:expanded-size]
table = torch.zeros(2, 4)
table[0] = torch.ones(3)
# --8<-- [end:expanded-size]


# --8<-- [start:expanded-size-fixed]
table[0, :3] = torch.ones(3)
print(table.tolist())
# --8<-- [end:expanded-size-fixed]


# --8<-- [start:in-place-broadcast]
total = torch.zeros(3)
batch = torch.ones(2, 3)
total += batch
# --8<-- [end:in-place-broadcast]


# --8<-- [start:in-place-broadcast-fixed]
total += batch.sum(dim=0)
print(total.tolist())
# --8<-- [end:in-place-broadcast-fixed]


# --8<-- [start:written-to-expanded]
column = torch.zeros(3, 1)
table = column.expand(3, 4)
table += 1
# --8<-- [end:written-to-expanded]


# --8<-- [start:written-to-expanded-fixed]
table = column.expand(3, 4).clone()
table += 1
print(table.tolist())
# --8<-- [end:written-to-expanded-fixed]


# --8<-- [start:batched-product]
queries = torch.randn(2, 3, 4)
keys = torch.randn(2, 5, 4)
queries @ keys
# --8<-- [end:batched-product]


# --8<-- [start:batched-product-fixed]
print((queries @ keys.mT).shape)
# --8<-- [end:batched-product-fixed]


# --8<-- [start:permute-dimensions]
gray = torch.zeros(28, 28)
gray.permute(2, 0, 1)
# --8<-- [end:permute-dimensions]


# --8<-- [start:permute-dimensions-fixed]
print(gray[None].shape, torch.zeros(28, 28, 3).permute(2, 0, 1).shape)
# --8<-- [end:permute-dimensions-fixed]


# --8<-- [start:einsum-letters]
a = torch.randn(2, 3)
b = torch.randn(5, 4)
torch.einsum("ij,kj->ik", a, b)
# --8<-- [end:einsum-letters]


# --8<-- [start:einsum-letters-fixed]
b = torch.randn(5, 3)
print(torch.einsum("ij,kj->ik", a, b).shape)
# --8<-- [end:einsum-letters-fixed]


# --8<-- [start:recurrent-input]
lstm = nn.LSTM(input_size=5, hidden_size=8, batch_first=True)
x = torch.randn(2, 3, 6)  # (batch, time, features)
lstm(x)
# --8<-- [end:recurrent-input]


# --8<-- [start:recurrent-input-fixed]
lstm = nn.LSTM(input_size=x.shape[-1], hidden_size=8, batch_first=True)
outputs, (hidden, cell) = lstm(x)
print(outputs.shape, hidden.shape)
# --8<-- [end:recurrent-input-fixed]


# --8<-- [start:hidden-size]
lstm = nn.LSTM(5, 4, batch_first=True)
state = (torch.zeros(1, 3, 4), torch.zeros(1, 3, 4))
lstm(torch.randn(2, 3, 5), state)
# --8<-- [end:hidden-size]


# --8<-- [start:hidden-size-fixed]
x = torch.randn(2, 3, 5)
state = (torch.zeros(1, len(x), 4), torch.zeros(1, len(x), 4))
print(lstm(x, state)[0].shape)
# --8<-- [end:hidden-size-fixed]


# --8<-- [start:embedding-dimension]
attention = nn.MultiheadAttention(embed_dim=8, num_heads=2, batch_first=True)
tokens = torch.randn(2, 5, 6)  # (batch, time, features)
attention(tokens, tokens, tokens)
# --8<-- [end:embedding-dimension]


# --8<-- [start:embedding-dimension-fixed]
tokens = nn.Linear(6, 8)(tokens)
print(attention(tokens, tokens, tokens)[0].shape)
# --8<-- [end:embedding-dimension-fixed]


# --8<-- [start:attention-mask]
attention = nn.MultiheadAttention(embed_dim=8, num_heads=2, batch_first=True)
tokens = torch.randn(2, 5, 8)
padding = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
attention(tokens, tokens, tokens, attn_mask=padding)
# --8<-- [end:attention-mask]


# --8<-- [start:attention-mask-fixed]
output, weights = attention(tokens, tokens, tokens, key_padding_mask=padding)
print(weights[1, 0, 3:].tolist())
# --8<-- [end:attention-mask-fixed]


# --8<-- [start:gather-size]
logits = torch.randn(3, 4)
targets = torch.zeros(5, 1, dtype=torch.long)
logits.gather(1, targets)
# --8<-- [end:gather-size]


# --8<-- [start:gather-size-fixed]
targets = torch.tensor([[0], [3], [1]])
print(logits.gather(1, targets).shape)
# --8<-- [end:gather-size-fixed]


# --8<-- [start:unpack-shape]
image = torch.zeros(3, 28, 28)
batch, channels, height, width = image.shape
# --8<-- [end:unpack-shape]


# --8<-- [start:unpack-shape-fixed]
batch, channels, height, width = image[None].shape
print(batch, channels, height, width)
# --8<-- [end:unpack-shape-fixed]


# --8<-- [start:one-hot-classes]
labels = torch.tensor([1, 2, 3])
F.one_hot(labels, num_classes=3)
# --8<-- [end:one-hot-classes]


# --8<-- [start:one-hot-classes-fixed]
print(F.one_hot(labels - 1, num_classes=3).tolist())
# --8<-- [end:one-hot-classes-fixed]


# --8<-- [start:negative-step]
values = torch.arange(4)
values[::-1]
# --8<-- [end:negative-step]


# --8<-- [start:negative-step-fixed]
print(values.flip(0).tolist())
# --8<-- [end:negative-step-fixed]


# --8<-- [start:topk-too-many]
logits = torch.tensor([[2.0, 1.0, 0.1]])
logits.topk(5)
# --8<-- [end:topk-too-many]


# --8<-- [start:topk-too-many-fixed]
k = min(5, logits.shape[-1])
print(logits.topk(k).indices.tolist())
# --8<-- [end:topk-too-many-fixed]


# --8<-- [start:dot-t]
batch = torch.zeros(2, 3, 4)
print(batch.T.shape)
# --8<-- [end:dot-t]


# --8<-- [start:dot-t-fixed]
print(batch.mT.shape)
# --8<-- [end:dot-t-fixed]


# --8<-- [start:matrix-and-vector]
matrix = torch.ones(3, 4)
vector = torch.ones(3)
matrix @ vector
# --8<-- [end:matrix-and-vector]


# --8<-- [start:matrix-and-vector-fixed]
print((vector @ matrix).shape, (matrix.T @ vector).shape)
# --8<-- [end:matrix-and-vector-fixed]


# --8<-- [start:dot-of-columns]
a, b = torch.ones(3, 1), torch.ones(3, 1)
torch.dot(a, b)
# --8<-- [end:dot-of-columns]


# --8<-- [start:dot-of-columns-fixed]
print(torch.dot(a.squeeze(1), b.squeeze(1)).item(), (a.T @ b).tolist())
# --8<-- [end:dot-of-columns-fixed]


# --8<-- [start:mm-of-a-batch]
batch = torch.ones(2, 3, 4)
torch.mm(batch, torch.ones(4, 5))
# --8<-- [end:mm-of-a-batch]


# --8<-- [start:mm-of-a-batch-fixed]
print((batch @ torch.ones(4, 5)).shape)
# --8<-- [end:mm-of-a-batch-fixed]


# --8<-- [start:split-sizes]
rows = torch.arange(10)
rows.split([6, 3])
# --8<-- [end:split-sizes]


# --8<-- [start:split-sizes-fixed]
print([len(piece) for piece in rows.split([6, len(rows) - 6])])
print([len(piece) for piece in rows.split(4)])
# --8<-- [end:split-sizes-fixed]


# --8<-- [start:reflection-padding]
small = torch.ones(1, 3, 4, 4)
nn.ReflectionPad2d(5)(small)
# --8<-- [end:reflection-padding]


# --8<-- [start:reflection-padding-fixed]
print(nn.ReflectionPad2d(3)(small).shape, nn.ReplicationPad2d(5)(small).shape)
# --8<-- [end:reflection-padding-fixed]


# --8<-- [start:cat-of-nothing]
outputs = []
torch.cat(outputs)
# --8<-- [end:cat-of-nothing]


# --8<-- [start:cat-of-nothing-fixed]
result = torch.cat(outputs) if outputs else torch.empty(0, 3)
print(result.shape)
# --8<-- [end:cat-of-nothing-fixed]


# --8<-- [start:iterate-scalar]
predicted = torch.tensor([[7]]).squeeze()
for label in predicted:
    print(label)
# --8<-- [end:iterate-scalar]


# --8<-- [start:iterate-scalar-fixed]
predicted = torch.tensor([[7]]).squeeze(dim=1)
print([int(label) for label in predicted])
# --8<-- [end:iterate-scalar-fixed]


# --8<-- [start:maximum-of-nothing]
scores = torch.tensor([0.2, 0.4])
scores[scores > 0.5].max()
# --8<-- [end:maximum-of-nothing]


# --8<-- [start:maximum-of-nothing-fixed]
kept = scores[scores > 0.5]
print(kept.max().item() if kept.numel() else "no score above 0.5")
# --8<-- [end:maximum-of-nothing-fixed]


# --8<-- [start:unsorted-lengths]
x = torch.randn(2, 3, 5)  # (batch, time, features), padded
lengths = torch.tensor([2, 3])
packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
# --8<-- [end:unsorted-lengths]


# --8<-- [start:unsorted-lengths-fixed]
packed = nn.utils.rnn.pack_padded_sequence(
    x, lengths, batch_first=True, enforce_sorted=False
)
print(packed.batch_sizes.tolist())
# --8<-- [end:unsorted-lengths-fixed]


# --8<-- [start:bilinear-input]
image = torch.ones(3, 8, 8)
F.interpolate(image, scale_factor=2, mode="bilinear")
# --8<-- [end:bilinear-input]


# --8<-- [start:bilinear-input-fixed]
print(F.interpolate(image[None], scale_factor=2, mode="bilinear")[0].shape)
# --8<-- [end:bilinear-input-fixed]


# --8<-- [start:float-size]
width = 9
torch.zeros(width / 3)
# --8<-- [end:float-size]


# --8<-- [start:float-size-fixed]
print(torch.zeros(width // 3).shape)
# --8<-- [end:float-size-fixed]


# --8<-- [start:square-matrices]
design = torch.ones(3, 4)
torch.linalg.inv(design)
# --8<-- [end:square-matrices]


# --8<-- [start:square-matrices-fixed]
print(torch.linalg.pinv(design).shape)
# --8<-- [end:square-matrices-fixed]


# --8<-- [start:meshgrid-indexing]
rows, columns = torch.meshgrid(torch.arange(2), torch.arange(3))
print(rows.shape)
# --8<-- [end:meshgrid-indexing]


# --8<-- [start:meshgrid-indexing-fixed]
for indexing in ("ij", "xy"):
    grid, _ = torch.meshgrid(torch.arange(2), torch.arange(3), indexing=indexing)
    print(indexing, grid.shape)
# --8<-- [end:meshgrid-indexing-fixed]
