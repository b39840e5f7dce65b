// For a projector: page.html?present#widget?state shows that widget alone and large (present.css); Escape leaves it.
(() => {
  const root = document.documentElement;
  if (!new URLSearchParams(location.search).has("present")) return;
  root.classList.add("rfe-present");

  function leave() {
    const url = new URL(location.href);
    url.searchParams.delete("present");
    history.replaceState(null, "", url);
    root.classList.remove("rfe-present");
    button.remove();
    removeEventListener("keydown", heard);
    document.querySelector(".rfe-named")?.scrollIntoView();
  }

  function heard(event) {
    if (event.key === "Escape") leave();
  }
  const button = Object.assign(document.createElement("button"), { type: "button", className: "rfe-leave", textContent: "To the page (Esc)" });
  button.addEventListener("click", leave);
  addEventListener("keydown", heard);
  addEventListener("DOMContentLoaded", () => document.body.append(button));
})();
