"""Pages whose code blocks are pulled from snippets, executed, and checked."""
