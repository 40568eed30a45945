"""Needs: which earlier blocks a block's runnable copy holds, read off the syntax tree."""
