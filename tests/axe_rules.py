"""What a screen reader meets on a page, judged by axe."""

from axe_playwright_python.sync_playwright import Axe

#: One rule is not among those that axe runs by default; style sheets are not fetched once more,
#: and what is right is not listed. Contrast is measured in both themes by `test_pages`.
OPTIONS = {
    "rules": {"label-content-name-mismatch": {"enabled": True}},
    "preload": False,
    "resultTypes": ["violations"],
}


def violations(tab, *selectors):
    """What breaks a rule, on the whole page or inside some elements of it."""
    context = {"exclude": [["mjx-container"]]}  # thousands of elements that MathJax answers for
    if selectors:
        context["include"] = [[selector] for selector in selectors]
    return Axe().run(tab, context=context, options=OPTIONS).response["violations"]


def serious(tab):
    """Rule and first element of what axe calls serious or critical."""
    return [
        (rule["id"], len(rule["nodes"]), rule["nodes"][0]["html"][:200])
        for rule in violations(tab)
        if rule["impact"] in ("serious", "critical")
    ]
