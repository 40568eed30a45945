"""Rendering: what a reader sees and takes away."""
