// Starts the slides (book/slides.py). The key E shows everybody the answers, until the slide is turned.
globalThis.MathJax = {
  options: { enableMenu: false },
  chtml: { matchFontHeight: false },
};
Reveal.initialize({
  width: 1280,
  height: 720,
  margin: 0,
  center: false,
  controls: true,
  hash: true,
  slideNumber: "c/t",
  transition: "none",
  backgroundTransition: "none",
  keyboard: { 69: () => Reveal.configure({ showNotes: !Reveal.getConfig().showNotes }) },
});
Reveal.on("slidechanged", () => Reveal.configure({ showNotes: false }));

// All links lead to one other tab, so that the slides stay as they are.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".slides a[href]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link.href, "rfe-page")?.focus();
});
