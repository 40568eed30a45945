# --8<-- [start:make-rows]
x = [1, 2]
print(x)
# --8<-- [end:make-rows]
