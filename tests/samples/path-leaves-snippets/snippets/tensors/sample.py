"""A sample."""

# --8<-- [start:make-rows]
rows = [1, 2]
# --8<-- [end:make-rows]
