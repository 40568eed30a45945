"""The search index keeps prose and outputs, and of code each name once."""

from blocks.render.search import searched


def test_code_becomes_the_names_that_stand_nowhere_else():
    text = "<p>Call <code>randn</code>.</p><pre><code>x = torch.randn(3)\ny = torch.zeros(3) &lt; x\n</code></pre>"
    assert searched(text) == "<p>Call <code>randn</code>.</p>  <p hidden>torch zeros</p>"


def test_output_stays_as_it_is():
    text = "<pre>RuntimeError: shape '[5, 3]' is invalid</pre>"
    assert searched(text) == text
