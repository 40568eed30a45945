for x in [1, 2]:
    # --8<-- [start:only]
    print(x)
    # --8<-- [end:only]
