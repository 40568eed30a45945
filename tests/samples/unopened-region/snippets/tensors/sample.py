"""A sample."""

rows = [1, 2]
# --8<-- [end:make-rows]
