"""A simulated accelerator, to find device mistakes where there is no GPU; README.md says what it is and is not."""
