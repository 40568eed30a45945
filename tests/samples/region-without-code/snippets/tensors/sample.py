# --8<-- [start:make-rows]

# --8<-- [end:make-rows]
