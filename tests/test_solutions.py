"""Each numbered solution of a tutorial is a fold; what stands around them is not."""

import lxml.html

from blocks.render.solutions import with_folded_solutions

PAGE = """<h2 id="exercises">E</h2><p><strong>1.</strong> Ask.</p><h2 id="solutions">S<a href="#x">x</a></h2>
<p><strong>1.</strong> First:</p><div class="block">x</div><p>So.</p><p><strong>2.</strong> Second.</p>
<h2 id="next">N</h2><p>On.</p>"""


def test_solutions_fold():
    tree = lxml.html.fromstring(f"<div>{with_folded_solutions(PAGE)}</div>")
    assert [child.tag for child in tree] == ["h2", "p", "h2", "details", "details", "h2", "p"]
    assert tree.xpath("//summary/text()") == ["Solution 1", "Solution 2"]
    assert tree.xpath("string(//details[1])").split() == ["Solution", "1First:xSo."]


def test_a_page_without_solutions_stays():
    assert with_folded_solutions("<h2>A</h2><p><strong>1.</strong> x</p>") == "<h2>A</h2><p><strong>1.</strong> x</p>"
