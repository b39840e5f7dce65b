// Keeps in place what the address names while the page above it still settles (fonts, formulas, widgets),
// until the reader does something, or for ten seconds.
(() => {
  const READER = ["wheel", "touchmove", "keydown", "pointerdown"];
  const LONGEST = 10_000;
  let stop = () => {};

  function hold() {
    stop();
    const named = () => document.getElementById(decodeURIComponent(location.hash.slice(1).split("?")[0]));
    const settling = new ResizeObserver(() => named()?.scrollIntoView());
    const timer = setTimeout(() => stop(), LONGEST);
    stop = () => {
      settling.disconnect();
      clearTimeout(timer);
      for (const event of READER) removeEventListener(event, stop);
    };
    for (const event of READER) addEventListener(event, stop, { passive: true });
    settling.observe(document.body);
  }
  const start = () => { if (location.hash) hold(); };
  addEventListener("DOMContentLoaded", start);
  addEventListener("hashchange", start);
})();
