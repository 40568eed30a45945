"""A sample."""

# --8<-- [start:make-rows]
rows = [1, 2]
print(rows)  # --8<-- [start:print-rows]
# --8<-- [end:make-rows]
