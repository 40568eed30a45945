"""What a page is as Markdown holds nothing that only a style sheet understands."""

from blocks.render.guide import without_markup


def test_markup_goes_and_code_stays():
    text = '<div class="hero" markdown>\n\n# Title\n\nLead.\n{ .lead }\n\n[A](b){ .card }\n\n</div>\n'
    code = "```html\n<div>\n{ .lead }\n```\n"
    assert without_markup(text + code) == "# Title\n\nLead.\n\n[A](b)\n\n" + code
