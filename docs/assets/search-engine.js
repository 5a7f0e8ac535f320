// Finds pages by the index that docs/hooks/search.py makes. Knows no document: the browser and the tests run the same.

const CLOSE = 0.6; // what a word's beginning or a misspelt word is worth beside the word itself
const KIN = 5; // letters that two stems of one root begin with, at least
const SAME = 0.9; // what a synonym is worth
const PHRASE = 1.4; // the query stands in the section as it was typed
const SNIPPET = 170; // characters

// ---- Words: the same rules as in docs/hooks/search.py, and the Russian stemmer of Snowball.

export const normal = (text) => text.toLowerCase().replaceAll("ё", "е");

const WORD = /[a-z0-9]+(?:[-_.][a-z0-9]+)+|[a-zа-я0-9]+/g;

// A name of several parts (`start_sign_in`) is one word; its parts are words too.
const parts = (word) => (/[-_.]/.test(word) ? word.split(/[-_.]/) : []);

export const words = (text) => (normal(text).match(WORD) ?? []).flatMap((word) => [word, ...parts(word)]);

const listed = (free, afterA = "") =>
  [...free.split(" ").map((end) => [end, false]), ...afterA.split(" ").filter(Boolean).map((end) => [end, true])]
    .sort(([a], [b]) => b.length - a.length);

const GERUND = listed("ив ыв ивши ывши ившись ывшись", "в вши вшись");
const REFLEXIVE = listed("сь ся");
const ADJECTIVE = listed(
  "ее ие ое ые ими ыми ей ий ой ый ем им ом ым его ого ему ому их ых ею ою ую юю ая яя",
);
const PARTICIPLE = listed("ивш ывш ующ", "ем нн вш щ ющ");
const VERB = listed(
  "ила ена ите ейте уйте или ыла ыли ей уй ил ыл им ым ен ило ыло ено ует ит ыт уют ят ены ить ыть ишь ю ую",
  "ла на ете йте ли й л ем н ло но нно ет ют ны ть ешь",
);
const NOUN = listed(
  "а ев ов е ие ье и еи ии ами ями иями й ей ией ий ой ам ем ием ом ям иям о у ах ях иях ы ь ю ию ью я ия ья",
);
const DERIVED = listed("ост ость");
const SUPERLATIVE = listed("ейш ейше");

// The longest ending decides; where it asks for «а» or «я» before it and there is none, nothing is cut.
function cut(text, endings) {
  const found = endings.find(([end]) => text.endsWith(end));
  if (!found) return null;
  const left = text.slice(0, -found[0].length);
  return found[1] && !/[ая]$/.test(left) ? null : left;
}

function inflected(rest) {
  const gerund = cut(rest, GERUND);
  if (gerund !== null) return gerund;
  const active = cut(rest, REFLEXIVE) ?? rest;
  const adjective = cut(active, ADJECTIVE);
  if (adjective !== null) return cut(adjective, PARTICIPLE) ?? adjective;
  return cut(active, VERB) ?? cut(active, NOUN) ?? active;
}

export function stem(word) {
  const start = /^[^аеиоуыэюя]*[аеиоуыэюя]/.exec(word)?.[0].length;
  if (start === undefined) return word;
  const region = /^[^аеиоуыэюя]*[аеиоуыэюя]+[^аеиоуыэюя]+[аеиоуыэюя]+[^аеиоуыэюя]/.exec(word);
  let rest = inflected(word.slice(start)).replace(/и$/, "");
  const root = cut(rest, DERIVED);
  if (root !== null && region && start + root.length >= region[0].length) rest = root;
  const plain = cut(rest, SUPERLATIVE);
  if (plain !== null) rest = plain.replace(/нн$/, "н");
  else rest = rest.replace(/нн$/, "н").replace(/ь$/, "");
  return word.slice(0, start) + rest;
}

// ---- Keyboards and slips of the finger.

const LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.";
const RUSSIAN = "ёйцукенгшщзхъфывапролджэячсмитьбю";
const TO_RUSSIAN = new Map([...`${LATIN}~{}:"<>`].map((key, place) => [key, `${RUSSIAN}ёхъжэбю`[place]]));
const TO_LATIN = new Map([...RUSSIAN].map((letter, place) => [letter, LATIN[place]]));

export function otherLayout(text) {
  const keys = /[а-яё]/i.test(text) ? TO_LATIN : TO_RUSSIAN;
  return [...text.toLowerCase()].map((one) => keys.get(one) ?? one).join("");
}

// Whether one slip (a letter too many, too few, another one, two swapped) makes one word of the other.
export function isSlip(a, b) {
  if (Math.abs(a.length - b.length) > 1) return false;
  let from = 0;
  while (from < a.length && a[from] === b[from]) from += 1;
  const [restA, restB] = [a.slice(from), b.slice(from)];
  if (restA.slice(1) === restB.slice(1)) return true;
  if (restA.slice(1) === restB || restA === restB.slice(1)) return true;
  return restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2);
}

// ---- The index as it is asked.

export function prepare(index) {
  const terms = new Map(Object.entries(index.terms));
  const known = new Set([...terms.keys(), ...index.synonyms.flatMap(([typed]) => typed)]);
  const plain = index.sections.map(([, , title, text]) => normal(`${title} ${text}`));
  return { ...index, terms, known, plain };
}

// A term's list: its weight in tenths, then pairs of the distance to the next section and how much the term says there.
function read(index, term) {
  const list = index.terms.get(term);
  const found = new Map();
  if (!list) return { weight: 0, found };
  const weight = list[0] / 10;
  for (let at = 1, section = 0; at < list.length; at += 2) {
    section += list[at];
    found.set(section, (weight * list[at + 1]) / 10);
  }
  return { weight, found };
}

// ---- Asking: every word of the query becomes a slot with the stems that may stand for it.

function chunks(index, query) {
  const isKnown = (text) => words(text).some((word) => knows(index, word));
  const pieces = query.split(/\s+/).filter(Boolean);
  const isOther = pieces.map((one) => !isKnown(one) && isKnown(otherLayout(one)));
  // Among them «d» is «в», though there may be a «d» on some page.
  const isShort = (one) => isOther.includes(true) && one.length < 3 && isKnown(otherLayout(one));
  return pieces.map((one, place) => (isOther[place] || isShort(one) ? otherLayout(one) : one));
}

// Whether a word, its beginning or one of its root is in the index.
function knows(index, word) {
  const exact = stem(word);
  if (index.known.has(exact) || kin(index, exact).length) return true;
  return word.length > 2 && [...index.known].some((term) => term.startsWith(word));
}

function slotOf(index, word, isTyping) {
  const exact = stem(word);
  const near = kin(index, exact);
  if (isTyping && word.length > 1) near.push(...[...index.terms.keys()].filter((term) => term.startsWith(word)));
  if (!index.known.has(exact) && !near.length && word.length >= 5) near.push(...slips(index, word, exact, isTyping));
  return { exact, near: near.filter((term) => term !== exact) };
}

// Words of one root whose stems differ by an ending: «проверить» and «проверка».
function kin(index, exact) {
  if (exact.length < KIN) return [];
  return [...index.terms.keys()].filter((term) => {
    const [short, long] = term.length < exact.length ? [term, exact] : [exact, term];
    return short.length >= KIN && long.length - short.length <= 3 && long.startsWith(short);
  });
}

function slips(index, word, exact, isTyping) {
  const all = [...index.known];
  const found = all.filter((term) => isSlip(exact, term));
  if (found.length || !isTyping) return found;
  return all.filter((term) => [0, 1].some((more) => isSlip(word, term.slice(0, word.length + more))));
}

function gather(index, { exact, near }) {
  const { weight, found } = read(index, exact);
  let most = weight;
  for (const term of near) {
    const close = read(index, term);
    if (!weight) most = Math.max(most, close.weight);
    for (const [section, worth] of close.found) {
      found.set(section, Math.max(found.get(section) ?? 0, CLOSE * worth));
    }
  }
  return { weight: most, found };
}

// What the pages say instead of a run of typed words, in whatever order: sections that have all of it.
function synonymsOf(index, slots) {
  const stands = (typed) => ({ exact, near }) => exact === typed || (!index.known.has(exact) && near.includes(typed));
  return index.synonyms.flatMap(([typed, means]) =>
    slots.map((_, from) => slots.slice(from, from + typed.length))
      .map((run, from) => ({ run, from }))
      .filter(({ run }) => run.length === typed.length && typed.every((one) => run.some(stands(one))))
      .map(({ from }) => ({ from, length: typed.length, means, ...together(index, means, typed.length) })));
}

function together(index, means, length) {
  const lists = means.map((term) => read(index, term));
  const found = new Map();
  for (const section of lists[0].found.keys()) {
    if (!lists.every((one) => one.found.has(section))) continue;
    const sum = lists.reduce((all, one) => all + one.found.get(section), 0);
    found.set(section, (SAME * length * sum) / lists.length);
  }
  return { weight: Math.max(...lists.map((one) => one.weight)), found };
}

function scoreOf(section, hits, synonyms) {
  const worth = hits.map(({ found }) => found.get(section) ?? 0);
  const covered = worth.map(Boolean);
  for (const { from, length, found } of synonyms) {
    const said = found.get(section) ?? 0;
    const own = worth.slice(from, from + length).reduce((all, one) => all + one, 0);
    if (said <= own) continue;
    worth.fill(0, from, from + length)[from] = said;
    covered.fill(true, from, from + length);
  }
  const weights = hits.map(({ weight }, place) =>
    Math.max(weight, ...synonyms.filter(({ from, length }) => from <= place && place < from + length).map((one) => one.weight)));
  const total = weights.reduce((all, one) => all + one, 0);
  const part = weights.reduce((all, one, place) => all + (covered[place] ? one : 0), 0);
  return (worth.reduce((all, one) => all + one, 0) * part) / total;
}

// Returns what was looked for (another layout may have been read) and the pages, best first, with their best section.
export function search(index, typed) {
  const kept = chunks(index, typed);
  const query = kept.join(" ");
  const parted = kept.flatMap((chunk) => wordsOf(index, chunk));
  const slots = parted.map((word, place) => slotOf(index, word, place === parted.length - 1 && !/\s$/.test(typed)));
  const hits = slots.map((slot) => gather(index, slot));
  const synonyms = synonymsOf(index, slots);
  const sections = new Set([...hits, ...synonyms].flatMap(({ found }) => [...found.keys()]));
  const phrase = parted.length > 1 ? normal(query) : null;
  const scores = new Map();
  for (const section of sections) {
    const isPhrase = phrase && index.plain[section].includes(phrase);
    scores.set(section, scoreOf(section, hits, synonyms) * (isPhrase ? PHRASE : 1));
  }
  const stems = new Set([...slots.flatMap(({ exact, near }) => [exact, ...near]), ...synonyms.flatMap(({ means }) => means)]);
  return { query, switched: query !== typed.trim().split(/\s+/).join(" "), stems, pages: pagesOf(index, scores) };
}

// A name that the index does not know whole is looked for by its parts.
function wordsOf(index, chunk) {
  const found = normal(chunk).match(WORD) ?? [];
  return found.flatMap((word) => (!index.terms.has(word) && parts(word).length ? parts(word) : [word]));
}

// A page is its best section.
function pagesOf(index, scores) {
  const pages = new Map();
  for (const [section, worth] of scores) {
    const page = index.sections[section][0];
    const score = index.pages[page][2] * worth;
    if (score > (pages.get(page)?.score ?? 0)) pages.set(page, { page, section, score });
  }
  return [...pages.values()].sort((a, b) => b.score - a.score || a.page - b.page);
}

// ---- What a result shows.

// Splits a text into pieces, those that were looked for marked.
export function marked(text, stems) {
  const pieces = [];
  let end = 0;
  for (const { index: at, 0: word } of normal(text).matchAll(WORD)) {
    if (![word, ...parts(word)].some((one) => stems.has(stem(one)))) continue;
    if (at > end) pieces.push({ text: text.slice(end, at), isMarked: false });
    end = at + word.length;
    pieces.push({ text: text.slice(at, end), isMarked: true });
  }
  if (end < text.length) pieces.push({ text: text.slice(end), isMarked: false });
  return pieces;
}

// Cuts out of a text what has most of the stems.
export function snippet(text, stems) {
  if (text.length <= SNIPPET) return text;
  const words = [...normal(text).matchAll(WORD)].map(({ index: at, 0: word }) => ({ at, said: stem(word) }));
  const hits = words.filter(({ said }) => stems.has(said));
  let best = { at: 0, count: 0 };
  for (const { at } of hits) {
    const near = new Set(hits.filter((one) => one.at >= at && one.at < at + SNIPPET * 0.8).map(({ said }) => said));
    if (near.size > best.count) best = { at, count: near.size };
  }
  const from = words.findLast(({ at }) => at <= Math.max(0, best.at - SNIPPET * 0.2))?.at ?? 0;
  const until = words.findLast(({ at }) => at <= from + SNIPPET)?.at ?? text.length;
  const isEnd = from + SNIPPET >= text.length;
  return `${from ? "… " : ""}${text.slice(from, isEnd ? text.length : until).trim()}${isEnd ? "" : " …"}`;
}
