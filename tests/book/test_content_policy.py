"""The policy that a page carries: what it allows, and which scripts it names."""

import base64
import hashlib
import re

import content_policy
import pytest

HEAD = '<!doctype html><html><head>\n<meta charset="utf-8" />\n<title>A</title></head><body>'


def hash_of(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def directives(page):
    """The policy that stands in a page, as {directive: [sources]}."""
    (text,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', page)
    return {part.split()[0]: part.split()[1:] for part in text.split(";")}


def test_no_other_host_is_named_and_nothing_unsafe_but_styles():
    found = directives(content_policy.with_policy(f"{HEAD}<p>Text.</p>", ()))
    keywords = {"'self'", "'none'", "file:", "blob:", "data:", "'unsafe-inline'"}
    assert {source for sources in found.values() for source in sources} <= keywords
    assert [name for name in found if "'unsafe-inline'" in found[name]] == ["style-src"]
    assert found["default-src"] == ["'self'", "file:"]
    for name in ("object-src", "frame-src", "worker-src"):
        assert found[name] == ["'none'"]
    assert found["base-uri"] == ["'self'"]


def test_scripts_of_the_page_are_named_by_their_hashes():
    scripts = "\n let a = 'ä';\n", "b()"
    page = f'{HEAD}<script>{scripts[0]}</script><script type="module">{scripts[1]}</script>'
    page += '<script type="application/json">{"a": 1}</script><script src="c.js"></script>'
    sources = directives(content_policy.with_policy(page, ()))["script-src"]
    assert [source for source in sources if "sha256" in source] == sorted(map(hash_of, scripts))
    assert "'unsafe-hashes'" not in sources


def test_handlers_of_any_page_are_named_on_each_for_search_reads_the_others(tmp_path):
    button = '<button class="a" onclick="print(&quot;a&quot;)">x</button>'
    (tmp_path / "a.html").write_text(f"{HEAD}{button}", encoding="utf-8")
    script = "'<b onclick=\"other()\">'"  # only looks like one
    (tmp_path / "search.html").write_text(f"{HEAD}<script>{script}</script>", encoding="utf-8")
    content_policy.write(tmp_path)
    for name, scripts in (("a", []), ("search", [script])):
        sources = directives((tmp_path / f"{name}.html").read_text(encoding="utf-8"))["script-src"]
        hashes = {source for source in sources if "sha256" in source}
        assert hashes == {hash_of('print("a")'), *map(hash_of, scripts)}
        assert "'unsafe-hashes'" in sources


def test_it_stands_above_all_that_loads_and_once():
    page = HEAD.replace("<title>", '<script src="a.js"></script><title>')
    once = content_policy.with_policy(page, ())
    assert once.index("Content-Security-Policy") < once.index("<script")
    assert content_policy.with_policy(once, ()) == once
    changed = content_policy.with_policy(f"{once}<script>x()</script>", ())
    assert hash_of("x()") in directives(changed)["script-src"]


def test_each_page_gets_one_and_what_is_no_page_is_left(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "slides").mkdir()
    (tmp_path / "_static" / "macros.html").write_text("{% macro %}", encoding="utf-8")
    (tmp_path / "slides" / "a.html").write_text(HEAD, encoding="utf-8")
    content_policy.write(tmp_path)
    assert directives((tmp_path / "slides" / "a.html").read_text(encoding="utf-8"))
    assert (tmp_path / "_static" / "macros.html").read_text(encoding="utf-8") == "{% macro %}"
    (tmp_path / "b.html").write_text("<p>no head", encoding="utf-8")
    with pytest.raises(ValueError, match=r"b\.html: a page must say that it is UTF-8"):
        content_policy.write(tmp_path)
