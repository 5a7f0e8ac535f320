// «Версия для слабовидящих»: text size, colours and spacing that the reader chooses; the browser remembers them.
// A classic script of the head: what is chosen stands on <html> before the first paint. weak-sight.css does the rest.

(() => {
  const KEY = "weak-sight"; // one for all versions of the site
  const USUAL = "usual";
  const CHOICES = {
    size: { legend: "Размер текста", values: { [USUAL]: "обычный", large: "крупный", largest: "очень крупный" } },
    colours: {
      legend: "Цвета",
      values: { [USUAL]: "обычные", "dark-on-light": "чёрным по белому", "light-on-dark": "белым по чёрному" },
    },
    spacing: { legend: "Интервалы", values: { [USUAL]: "обычные", wide: "увеличенные" } },
  };
  const chosen = recall();
  show();
  addEventListener("DOMContentLoaded", build);

  function recall() {
    try {
      return Object(JSON.parse(localStorage.getItem(KEY)));
    } catch {
      return {}; // nothing may be kept here, or somebody else wrote it
    }
  }

  function choose(name, value) {
    chosen[name] = value;
    show();
    try {
      localStorage.setItem(KEY, JSON.stringify(chosen));
    } catch {
      // this page shows the choice all the same
    }
  }

  function show() {
    for (const [name, { values }] of Object.entries(CHOICES)) {
      if (chosen[name] !== USUAL && Object.hasOwn(values, chosen[name])) {
        document.documentElement.setAttribute(`data-sight-${name}`, chosen[name]);
      } else {
        document.documentElement.removeAttribute(`data-sight-${name}`);
      }
    }
  }

  function build() {
    const groups = Object.entries(CHOICES).map(([name, { legend, values }]) =>
      make("fieldset", {}, make("legend", {}, legend), ...Object.entries(values).map((one) => option(name, ...one))),
    );
    const reset = make("button", { type: "button", className: "sight-reset" }, "Вернуть обычный вид");
    const close = make("button", { className: "sight-close" }, "Готово");
    const title = make("h2", { id: "weak-sight-title" }, "Версия для слабовидящих");
    const form = make("form", { method: "dialog" }, title, ...groups, make("p", {}, close, reset));
    const dialog = make("dialog", { id: "weak-sight", className: "sight-dialog" }, form);
    dialog.setAttribute("aria-labelledby", title.id);
    form.addEventListener("change", ({ target }) => choose(target.name, target.value));
    reset.addEventListener("click", () => {
      for (const name of Object.keys(CHOICES)) choose(name, USUAL);
      tick(form);
    });

    const open = make("button", { type: "button", id: "weak-sight-open", className: "sight-open" });
    open.append(eye(), make("span", {}, "Версия для слабовидящих"));
    open.setAttribute("aria-haspopup", "dialog");
    open.addEventListener("click", () => {
      tick(form);
      dialog.showModal();
    });

    const heading = document.querySelector(".md-header__title");
    if (heading) heading.after(open);
    else document.body.prepend(make("header", {}, open));
    document.body.append(dialog);
  }

  function option(name, value, label) {
    return make("label", {}, make("input", { type: "radio", name, value }), ` ${label}`);
  }

  function tick(form) {
    for (const name of Object.keys(CHOICES)) form.elements[name].value = chosen[name] ?? USUAL;
  }

  function make(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  function eye() {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", "M2 12C4.5 7.5 8 5.5 12 5.5S19.5 7.5 22 12C19.5 16.5 16 18.5 12 18.5S4.5 16.5 2 12ZM12 8.5a3.5 3.5 0 1 0 .01 0Z");
    path.setAttribute("fill-rule", "evenodd");
    svg.append(path);
    return svg;
  }
})();
