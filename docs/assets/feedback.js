// «Была ли страница полезна?»: sends one of the given answers to the cabinet; nothing is typed, nothing of the reader is sent.

const asked = document.querySelector(".page-rating");
const why = asked.querySelector("#page-rating-why");
const said = asked.querySelector("[role=status]");
const buttons = asked.querySelectorAll("button");
const { page, version } = asked.dataset;
const place = `page-rating ${page} ${version}`;
const keys = new Map(); // one answer, one key: a second press after a lost reply repeats it

// A browser that keeps nothing for this site asks again on the next visit.
function isRated() {
  try {
    return sessionStorage.getItem(place) !== null;
  } catch {
    return false;
  }
}

function remember() {
  try {
    sessionStorage.setItem(place, "");
  } catch {
    // See above.
  }
}

function keyOf(answer) {
  if (!keys.has(answer)) {
    const random = crypto.getRandomValues(new Uint8Array(16));
    keys.set(answer, Array.from(random, (one) => one.toString(16).padStart(2, "0")).join(""));
  }
  return keys.get(answer);
}

function bodyOf(answer) {
  const body = { page, version, is_useful: answer === "useful" };
  return body.is_useful || answer === "not_useful" ? body : { ...body, reason: answer };
}

function showReasons(button) {
  const isOpen = why.hidden;
  why.hidden = !isOpen;
  button.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) why.querySelector("button").focus();
}

function thank() {
  for (const one of asked.querySelectorAll(".page-rating__answers")) one.hidden = true;
  why.hidden = true;
  said.textContent = "Спасибо! Ваш ответ учтён.";
}

async function send(answer) {
  for (const one of buttons) one.setAttribute("aria-disabled", "true");
  said.textContent = "Отправляем ответ…";
  try {
    const reply = await fetch("/v1/help/ratings", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": keyOf(answer) },
      body: JSON.stringify(bodyOf(answer)),
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
    if (reply.ok) {
      remember();
      thank();
      said.focus(); // the pressed button is gone
      return;
    }
    const told = await reply.json();
    said.textContent = told.errors?.[0]?.detail ?? told.detail;
  } catch {
    said.textContent = "Кабинет не ответил, ответ не отправлен. Проверьте связь и нажмите ещё раз.";
  } finally {
    for (const one of buttons) one.removeAttribute("aria-disabled");
  }
}

for (const button of buttons) {
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled")) return;
    if (button.dataset.answer === "why") showReasons(button);
    else send(button.dataset.answer);
  });
}
if (isRated()) thank();
asked.hidden = false;
