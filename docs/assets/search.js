// The search dialog. The engine and the index come when the field gets the focus: a page that nobody searches loads neither.

const BASE = new URL("..", import.meta.url);
const SHOWN = 10;

const dialog = document.querySelector("#search");
const field = document.querySelector("#search-field");
const said = document.querySelector("#search-said");
const list = document.querySelector("#search-found");
let engine = null;
let asked = 0; // an answer to an older query is dropped
let answered = Promise.resolve();
let active = -1;

function load() {
  engine ??= begin().catch((error) => {
    engine = null; // the next try asks again
    throw error;
  });
  return engine;
}

async function begin() {
  const [tools, answer] = await Promise.all([import("./search-engine.js"), fetch(new URL("search/index.json", BASE))]);
  if (!answer.ok) throw new Error(answer.statusText);
  const index = tools.prepare(await answer.json());
  return { ...tools, index };
}

async function ask() {
  asked += 1;
  const turn = asked;
  if (!field.value.trim()) return show([], "");
  try {
    if (!engine) said.textContent = "Поиск загружается…";
    const tools = await load();
    if (turn === asked) answerWith(tools, tools.search(tools.index, field.value));
  } catch {
    if (turn === asked) show([], "Поиск не загрузился. Проверьте связь и измените запрос, чтобы повторить.");
  }
  return undefined;
}

function answerWith(tools, found) {
  const count = found.pages.length;
  const words = [];
  if (found.switched) words.push(`Показано найденное по запросу «${found.query}».`);
  if (!count) words.push("Ничего не найдено. Попробуйте другие слова или одно, самое важное.");
  else words.push(`Найдено страниц: ${count}${count > SHOWN ? `, показаны первые ${SHOWN}` : ""}.`);
  show(found.pages.slice(0, SHOWN).map((one, place) => option(tools, found.stems, one, place)), words.join(" "));
}

function show(options, text) {
  list.replaceChildren(...options);
  list.hidden = !options.length;
  list.scrollTop = 0;
  field.setAttribute("aria-expanded", String(options.length > 0));
  choose(-1);
  said.textContent = text;
}

function option({ index, marked, snippet }, stems, { section }, place) {
  const [page, anchor, heading, text] = index.sections[section];
  const [address, title] = index.pages[page];
  const link = document.createElement("a");
  link.id = `search-${place}`;
  link.href = new URL(address + (anchor && `#${anchor}`), BASE);
  link.tabIndex = -1;
  link.setAttribute("role", "option");
  link.setAttribute("aria-selected", "false");
  const path = [...above(index, address), ...(heading === title ? [] : [title])];
  if (path.length) link.append(line("search__path", [{ text: path.join(" › ") }]));
  link.append(line("search__title", marked(heading, stems)));
  if (text) link.append(line("search__text", marked(snippet(text, stems), stems)));
  return link;
}

// The titles of the pages whose address this one goes on from: a domain of the reference, the reference itself.
function above(index, address) {
  return index.pages.filter(([start]) => start && start !== address && address.startsWith(start)).map(([, title]) => title);
}

function line(name, pieces) {
  const made = document.createElement("span");
  made.className = name;
  for (const { text, isMarked } of pieces) {
    const part = document.createElement(isMarked ? "mark" : "span");
    part.textContent = text;
    made.append(part);
  }
  return made;
}

function choose(place) {
  list.children[active]?.setAttribute("aria-selected", "false");
  active = place;
  const chosen = list.children[active];
  chosen?.setAttribute("aria-selected", "true");
  chosen?.scrollIntoView({ block: "nearest" });
  if (chosen) field.setAttribute("aria-activedescendant", chosen.id);
  else field.removeAttribute("aria-activedescendant");
}

// Down from the field to the first, up from it to the last, and from the ends back to the field.
function move(step) {
  const count = list.children.length + 1;
  choose(((active + 1 + step + count) % count) - 1);
}

function open(query = "") {
  if (!dialog.open) dialog.showModal();
  field.value = query;
  field.focus();
  answered = ask();
}

async function follow() {
  await answered; // Enter may come before the index has
  (list.children[active] ?? list.children[0])?.click();
}

const isTyping = (element) => element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);

// The key of «/», also where the Russian layout gives «.» for it.
function isSlash(event) {
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
  return isPlain && (event.key === "/" || (event.code === "Slash" && event.key === "."));
}

field.addEventListener("focus", () => load().catch(() => {}));
field.addEventListener("input", () => {
  answered = ask();
});
field.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  move(step);
});
field.form.addEventListener("submit", (event) => {
  event.preventDefault();
  follow();
});
list.addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest("[data-search-close]")) dialog.close();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-search-open]")) open();
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-search]")) return;
  event.preventDefault();
  open(event.target.elements.q.value);
});
document.addEventListener("keydown", (event) => {
  if (dialog.open || isTyping(event.target) || !isSlash(event)) return;
  event.preventDefault();
  open();
});
// What the theme has for its own search: the sign in the header and labels of pages.
document.querySelector("#__search")?.addEventListener("change", ({ target }) => {
  if (target.checked) open();
  target.checked = false;
});

const query = new URLSearchParams(location.search).get("q");
if (query) open(query);
