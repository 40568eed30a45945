"""A sample."""

# --8<-- [start:example]
rows = [1, 2]
# --8<-- [end:example]
