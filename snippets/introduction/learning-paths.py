"""Test what you know already, and find the pages to read next."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt
import torch

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:path-map]
trunk = ["Core\nconcepts", "Tensors", "Autograd", "Networks", "Training"]
routes = {  # stations, where the line starts, its lane
    "everyone": (trunk, 0, 0),
    "images": (["", "CNN", "Augmen-\ntation", "Transfer\nlearning"], 3, -1),
    "text, series": (["", "RNN", "Attention"], 3, -2),
    "speed": (["", "Mixed\nprecision", "GPU\nmemory"], 4, 0),
}
fig, ax = plt.subplots(figsize=(6.4, 3.4))
for goal, (names, start, lane) in routes.items():
    xs = range(start, start + len(names))
    ys = [0] + [lane] * (len(names) - 1)
    ax.plot(xs, ys, "o-", linewidth=3, markersize=8, label=goal)
    up = {"va": "top" if lane else "bottom", "textcoords": "offset points"}
    for place, name in zip(zip(xs, ys, strict=True), names, strict=True):
        ax.annotate(name, place, (0, -8 if lane else 8), ha="center", **up)
ax.legend()
ax.set(xlim=(-0.5, 6.5), ylim=(-2.5, 0.6))
ax.axis("off")
plt.show()
# --8<-- [end:path-map]


# --8<-- [start:quiz-questions]
questions = {
    "torch.tensor([1, 2]).dtype": "Creating tensors",
    "(torch.tensor(5, dtype=torch.uint8) - 10).item()": "Dtypes and promotion",
    "(torch.ones(3, 1) + torch.ones(3)).shape": "Broadcasting",
    "torch.ones(2, 3).T.is_contiguous()": "Shapes, strides and views",
    "torch.ones(2, requires_grad=True).detach().requires_grad": "Detaching",
    "torch.nn.Dropout(0.5).eval()(torch.ones(1)).item()": "Six habits",
    "len(list(torch.nn.Linear(3, 2).parameters()))": "Using nn.Module",
    "torch.nn.Conv2d(1, 8, 3)(torch.ones(1, 1, 9, 9)).shape": "Convolutional networks",
    "torch.nn.LSTM(4, 5)(torch.ones(7, 2, 4))[0].shape": "RNN, LSTM and padding",
}
for number, expression in enumerate(questions, start=1):
    print(number, expression)
# --8<-- [end:quiz-questions]


# --8<-- [start:quiz-runner]
guesses = [torch.int64, -5, (3, 1), False, False, 0.5, 1, (1, 8, 7, 7), (7, 2, 5)]


def grade(expression, guess):
    with torch.device(device):
        return eval(expression) == guess


passed = [grade(*pair) for pair in zip(questions, guesses, strict=True)]
print(sum(passed), "of", len(passed))
for right, page, guess in zip(passed, questions.values(), guesses, strict=True):
    print(f"skip: {page}" if right else f"read: {page}, not {guess}")
# --8<-- [end:quiz-runner]


# --8<-- [start:solution-show-answers]
for (expression, page), right in zip(questions.items(), passed, strict=True):
    if not right:
        with torch.device(device):
            print(f"{page}: {eval(expression)}")
# --8<-- [end:solution-show-answers]


# --8<-- [start:solution-own-question]
mine = "torch.zeros(2, 3).sum(dim=0).shape"
print(grade(mine, (3,)), grade(mine, (2,)))
# --8<-- [end:solution-own-question]


# --8<-- [start:solution-errors-count]
def grade_with_errors(expression, guess):
    try:
        return grade(expression, guess)
    except Exception as error:
        return type(error) is guess


print(grade_with_errors("torch.ones(2, 3) @ torch.ones(2, 3)", RuntimeError))
fits = "(torch.ones(2, 3) @ torch.ones(3, 2)).shape"
print(grade_with_errors(fits, (2, 2)), grade_with_errors(fits, RuntimeError))
# --8<-- [end:solution-errors-count]
