// Loaded between require.js and embed-amd.js.
{
  // Widgets' own modules come from beside this file, never from another host.
  const here = document.currentScript.src.replace(/[^/]*$/, "");
  requirejs.config({ paths: { anywidget: here + "anywidget" }, waitSeconds: 0 });

  // embed-amd.js typesets labels through MathJax 2's Hub, on any page that has a MathJax; ours is
  // version 3. Its global is set more than once while it loads, so each value gets the Hub.
  const hub = { Queue: ([, , node]) => mathJax.typesetPromise?.([node]) };
  let mathJax;
  const withHub = (value) => (mathJax = value && Object.assign(value, { Hub: hub }));
  withHub(window.MathJax);
  Object.defineProperty(window, "MathJax", { get: () => mathJax, set: withHub });
}

{
  // A slider's handle has no name for screen readers; give it its description.
  const nameHandles = () => {
    for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
      const label = handle.closest(".jupyter-widgets")?.querySelector(".widget-label");
      if (label?.textContent) handle.setAttribute("aria-label", label.textContent);
    }
  };
  new MutationObserver(nameHandles).observe(document.body, { childList: true, subtree: true });
}
