# --8<-- [start:only]
x = 1
# --8<-- [end:only]
