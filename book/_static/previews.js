// What an internal link leads to, shown beside it while the pointer rests on it or it has the focus:
// an equation, a figure, a table, a word of the glossary, an entry of the references, a
// section's heading and first paragraph. From this page it is copied as it stands; what stands on
// another one waits in <template id="rfe-previews"> (book/previews.py). Nothing is fetched but MathJax,
// if it has a formula and the page itself has none. Escape closes it, the pointer may move onto it.
document.addEventListener("DOMContentLoaded", () => {
  const SHOW_MS = 150, HIDE_MS = 250, GAP = 6, MARGIN = 8;
  const held = document.getElementById("rfe-previews")?.content;
  const elsewhere = new Map([...held?.children ?? []].map(one => [one.dataset.of, one]));
  const box = document.createElement("div");
  box.id = "rfe-preview";
  box.hidden = true;
  box.setAttribute("role", "tooltip");
  document.body.append(box);
  const ours = document.querySelector("script[src*='previews.js']").src;
  let shown = null, timer = 0, loaded = Promise.resolve();

  const linkAt = element => element.closest?.(".bd-article a.reference.internal[href*='#']");

  function source(link) {
    const address = link.getAttribute("href");
    if (!address.startsWith("#")) return [...elsewhere.get(address)?.childNodes ?? []];
    const target = document.getElementById(decodeURIComponent(address.slice(1)));
    if (target?.matches("dt")) {
      const words = document.createElement("dl");
      words.append(target.cloneNode(true), target.nextElementSibling.cloneNode(true));
      return [words];
    }
    const section = target?.matches("section > span") ? target.parentElement : target;
    const first = section?.matches("section") && section.querySelector(":scope > p");
    if (first) {
      const title = document.createElement("p");
      const words = document.createElement("strong");
      words.append(...section.querySelector("h1, h2, h3").cloneNode(true).childNodes);
      title.append(words);
      return [title, first];
    }
    return target?.matches("div.math, figure, table, div.citation") ? [target] : [];
  }

  // A preview has nothing to click, to focus or to link to.
  function bare(node) {
    const copy = node.cloneNode(true);
    if (copy.nodeType !== Node.ELEMENT_NODE) return copy;
    for (const link of copy.querySelectorAll(".headerlink, .eqno")) link.remove();
    for (const link of copy.querySelectorAll("a")) link.replaceWith(...link.childNodes);
    for (const image of copy.querySelectorAll("img")) image.loading = "eager";
    for (const element of [copy, ...copy.querySelectorAll("[id], [tabindex]")]) {
      element.removeAttribute("id");
      element.removeAttribute("tabindex");
    }
    return copy;
  }

  // Below the link or above it, where there is more room, and never beyond the window.
  function place() {
    const at = [...shown.getClientRects()].at(-1) ?? shown.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    const above = at.top, below = innerHeight - at.bottom;
    box.style.cssText = `left: 0; top: 0; max-width: ${width - 2 * MARGIN}px`;
    const fits = (box.clientWidth - 32) / (box.scrollWidth - 32);  // below 1: an equation, a table
    if (fits < 1) box.style.fontSize = `${Math.max(0.5, 0.88 * fits)}rem`;
    const over = box.offsetHeight + GAP > below && above > below;
    box.style.maxHeight = `${(over ? above : below) - GAP - MARGIN}px`;
    const left = Math.min(at.left, width - MARGIN - box.offsetWidth);
    box.style.left = `${scrollX + Math.max(MARGIN, left)}px`;
    box.style.top = `${scrollY + (over ? above - GAP - box.offsetHeight : at.bottom + GAP)}px`;
  }

  function show(link) {
    clearTimeout(timer);
    if (link === shown) return;
    hide();
    const content = source(link).map(bare);
    if (!content.length) return;
    shown = link;
    shown.removeAttribute("title");  // a citation's, which would be shown beside
    box.replaceChildren(...content);
    box.hidden = false;
    shown.setAttribute("aria-describedby", box.id);
    place();
    const raw = box.querySelector(".math:not(:has(mjx-container))");
    if (raw) mathJax().then(() => MathJax.typesetPromise([box])).then(() => { if (link === shown) place(); });
  }

  // MathJax, which a page without formulas of its own loads when a preview first needs it.
  function mathJax() {
    if (!globalThis.MathJax) {
      const options = { processHtmlClass: "math" };
      globalThis.MathJax = { options, startup: { typeset: false } };
      const script = document.createElement("script");
      script.src = new URL("vendor/mathjax/tex-chtml.js", ours);
      loaded = new Promise(done => { script.onload = done; });
      document.head.append(script);
    }
    return loaded.then(() => MathJax.startup.promise);
  }

  function hide() {
    clearTimeout(timer);
    shown?.removeAttribute("aria-describedby");
    shown = null;
    box.hidden = true;
  }

  const later = (what, ms) => { clearTimeout(timer); timer = setTimeout(what, ms); };

  document.addEventListener("pointerover", event => {
    if (event.pointerType === "touch") return;
    const link = linkAt(event.target);
    if (link) later(() => show(link), SHOW_MS);
    else if (box.contains(event.target)) clearTimeout(timer);
    else if (shown && document.activeElement !== shown) later(hide, HIDE_MS);
    else clearTimeout(timer);
  });
  document.addEventListener("focusin", event => {
    const link = linkAt(event.target);
    if (link?.matches(":focus-visible")) show(link);
    else hide();
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", event => { if (event.key === "Escape") hide(); });
  addEventListener("resize", hide);
});
