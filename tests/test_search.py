"""The search index keeps prose and outputs, and of code each name once."""

from blocks.render.search import asked_words, place, searched


def test_code_becomes_the_names_that_stand_nowhere_else():
    text = "<p>Call <code>randn</code>.</p><pre><code>x = torch.randn(3)\ny = torch.zeros(3) &lt; x\n</code></pre>"
    assert searched(text) == "<p>Call <code>randn</code>.</p>  <p hidden>torch zeros</p> <p hidden></p>"


def test_output_stays_as_it_is():
    text = "<pre>RuntimeError: shape '[5, 3]' is invalid</pre>"
    assert searched(text) == text


def test_what_readers_call_it_is_kept_hidden():
    assert searched("<p>Rows.</p>", "matrix lines") == "<p>Rows.</p> <p hidden></p> <p hidden>matrix lines</p>"


def test_a_place_is_the_same_on_a_host_and_on_a_disk():
    assert place("tensors/views/#reshape") == place("tensors/views.html#reshape") == "tensors/views#reshape"
    assert place("tensors/views/?h=row") == place("tensors/views.html") == "tensors/views"
    assert "tensors/views#reshape" in asked_words()
