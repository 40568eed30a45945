"""Recording: what blocks print, draw and pass, and whether it still holds."""
