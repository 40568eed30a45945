"""Where to begin when a program fails."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt


def box(axes, text, place, color="C7"):
    """Draw a text in a box."""
    style = {"boxstyle": "round,pad=0.5", "facecolor": "none", "edgecolor": color}
    axes.text(*place, text, ha="center", va="center", bbox=style)


def arrow(axes, start, end, label):
    """Draw an arrow from below one box to the top of another, and a label."""
    (x, y), (to_x, to_y) = start, end
    style = {"arrowstyle": "->", "color": "C7"}
    axes.annotate("", (to_x, to_y + 0.07), (x, y - 0.05), arrowprops=style)
    side, gap = ("left", 0.02) if to_x > x else ("right", -0.02)
    axes.text((x + to_x) / 2 + gap, (y + to_y) / 2 + 0.02, label, ha=side, color="C7")


# --8<-- [end:setup]


# --8<-- [start:where-to-begin]
figure, axes = plt.subplots(figsize=(5.4, 4.4))
axes.set(xlim=(0, 1), ylim=(0, 1))
axes.axis("off")
message, falls, good = (0.37, 0.92), (0.6, 0.64), (0.72, 0.36)
entry, search, silent, slow = (0.18, 0.64), (0.34, 0.36), (0.5, 0.08), (0.85, 0.08)
box(axes, "Is there a message?", message)
box(axes, "Does the loss fall?", falls)
box(axes, "Is it good on new data?", good)
box(axes, "Paste it into the search,\nread its entry", entry, "C1")
box(axes, "Find your own bug,\nstep by step", search, "C0")
box(axes, "Compare with\nthe silent bugs", silent, "C2")
box(axes, "Too slow, or\ntoo much memory?", slow, "C3")
arrow(axes, message, entry, "yes")
arrow(axes, message, falls, "no")
arrow(axes, falls, search, "no, or nan")
arrow(axes, falls, good, "yes")
arrow(axes, good, silent, "no, or too good")
arrow(axes, good, slow, "yes")
plt.show()
# --8<-- [end:where-to-begin]
