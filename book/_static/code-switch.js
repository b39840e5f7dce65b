// One switch a page that shows or hides all its code; the choice is kept for the other pages.
// Without a choice code is shown, but for what a chapter folds. Solutions and imports keep a bar.
document.addEventListener("DOMContentLoaded", () => {
  const cells = [...document.querySelectorAll(".bd-article .cell:not(.tag_solution, .tag_imports)")];
  const folded = cells.flatMap(cell => [...cell.querySelectorAll(":scope > details.above-input")]);
  const place = document.querySelector(".article-header-buttons");
  if (!place || !cells.some(cell => cell.querySelector(".cell_input"))) return;

  const remembered = {
    get: () => { try { return localStorage.getItem("rfe-code"); } catch { return null; } },
    set: value => { try { localStorage.setItem("rfe-code", value); } catch { /* not kept */ } },
  };
  const button = document.createElement("button");
  button.className = "btn btn-sm rfe-code-switch";
  button.textContent = "Code";
  button.title = "Show or hide all code of this page";

  function apply(choice) {
    document.documentElement.dataset.code = choice ?? "as written";
    for (const bar of folded) bar.open = choice === "shown";
    const shown = choice === "shown" || (choice === null && !folded.length);
    button.setAttribute("aria-pressed", String(shown));
  }
  button.addEventListener("click", () => {
    const choice = button.getAttribute("aria-pressed") === "true" ? "hidden" : "shown";
    remembered.set(choice);
    apply(choice);
  });
  place.prepend(button);
  apply(remembered.get());
});
