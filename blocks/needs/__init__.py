"""Needs: which earlier blocks a block's runnable copy holds, and which library names it uses, read off its code."""
