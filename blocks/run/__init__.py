"""Running: blocks execute in a process of their page's own."""
