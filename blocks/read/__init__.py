"""Reading: pages, snippets and tutorials become named blocks with marks."""
