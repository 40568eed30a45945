# --8<-- [start:make_rows]
x = [1, 2]
print(x)
# --8<-- [end:make_rows]
