// Starts the slides (book/slides.py). The key E shows what answers to expect.
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
