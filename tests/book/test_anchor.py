"""What the address names stays in place while the page above it settles, until the reader acts."""

from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "book" / "_static" / "anchor.js"
PAGE = """<!doctype html><html lang="en"><link rel="icon" href="data:,"><script>{script}</script>
<body style="overflow-anchor: none; margin: 0"><div id="above" style="height: 2000px"></div>
<p id="named" style="margin: 0">Here.</p><div style="height: 5000px"></div></body></html>"""
GROW = """async height => {
  above.style.height = height;
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  return named.getBoundingClientRect().top;
}"""


@pytest.mark.browser
def test_a_reader_is_kept_where_the_address_leads(open_page, serve, tmp_path):
    page = PAGE.format(script=SCRIPT.read_text(encoding="utf-8"))
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    tab = open_page(f"http://{serve(tmp_path)}/page.html#named?n_e=20").tab
    assert tab.evaluate(GROW, "2500px") == 0
    tab.mouse.wheel(0, 0)
    tab.wait_for_timeout(50)
    assert tab.evaluate(GROW, "2700px") == 200
