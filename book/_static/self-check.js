// Multiple choice: what a chapter writes as a list of options and a folded list of answers, one for
// each option, becomes radio buttons. Without this script the reader has both lists.
document.addEventListener("DOMContentLoaded", () => {
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const inside = item => [...item.childNodes].flatMap(
    node => node.nodeName === "P" ? [...node.childNodes] : [node]);

  for (const [number, box] of document.querySelectorAll(".bd-article .self-check").entries()) {
    const list = box.querySelector(":scope > ol");
    const fold = box.nextElementSibling;
    const answers = fold?.matches("details") ? [...fold.querySelectorAll("ol > li")] : [];
    if (!list || answers.length !== list.children.length) continue;

    const inputs = [];
    const options = [...list.children].map((item, n) => {
      const input = make("input", { type: "radio", name: `self-check-${number}`, value: n });
      inputs.push(input);
      return make("label", {}, input, make("span", {}, ...inside(item)));
    });
    const button = make("button", { type: "submit", textContent: "Check" });
    const told = make("div", { className: "self-check-told" });
    told.setAttribute("role", "status");
    const question = make("legend", {}, ...inside(make("div", {}, list.previousElementSibling)));
    const form = make("form", {}, make("fieldset", {}, question, ...options), button, told, fold);

    form.addEventListener("change", () => {
      told.replaceChildren();
      for (const option of options) delete option.dataset.told;
    });
    form.addEventListener("submit", event => {
      event.preventDefault();
      const chosen = inputs.findIndex(input => input.checked);
      if (chosen < 0) return told.replaceChildren("Choose an answer first.");
      const why = [...answers[chosen].childNodes].map(node => node.cloneNode(true));
      const right = answers[chosen].textContent.trim().startsWith("Right");
      options[chosen].dataset.told = right ? "right" : "wrong";
      told.replaceChildren(...why);
    });
    list.remove();
    box.append(form);
  }
});
