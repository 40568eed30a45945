# --8<-- [start:make-rows]
x = [1, 2]
print("a	b")
# --8<-- [end:make-rows]
