"""A sample."""

# --8<-- [start:make-rows]
rows = [1, 2]
# --8<-- [start:print-rows]
print(rows)
# --8<-- [end:print-rows]
# --8<-- [end:make-rows]
