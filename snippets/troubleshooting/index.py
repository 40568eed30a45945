"""Where to begin when a program fails."""

# --8<-- [start:setup]
import matplotlib.pyplot as plt

# --8<-- [end:setup]


# --8<-- [start:where-to-begin]
figure, axes = plt.subplots(figsize=(6.4, 4))
axes.axis("off")
axes.text(0.5, 0.9, "Is there a message?", ha="center")
plt.show()
# --8<-- [end:where-to-begin]
