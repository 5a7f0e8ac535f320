// The two static pages of sign-in through ЕСИА. The pass of a sign-in (`flow`) lives in this tab's session storage only:
// a code and a state that somebody else brings here find no pass, and so sign nobody in.

const KEPT = "cabinet-esia";
const element = (id) => document.getElementById(id);

async function post(path, body, key = crypto.randomUUID()) {
  const answer = await fetch(`/v1/sign_in/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify(body),
  });
  return { good: answer.ok, status: answer.status, body: await answer.json() };
}

function say(kind, title, detail, help) {
  const box = document.createElement("div");
  box.className = kind;
  for (const [name, text] of [["h2", title], ["p", detail]]) {
    const part = document.createElement(name);
    part.textContent = text;
    box.append(part);
  }
  if (help) {
    const link = document.createElement("a");
    link.href = safe(help);
    link.textContent = "Что это значит и что делать";
    box.append(link);
  }
  element("said").replaceChildren(box);
  return box;
}

const safe = (address) => (/^https?:\/\//.test(address) ? address : "./");
const problem = (answer) => say("problem", answer.body.title, answer.body.detail, answer.body.type);
const offline = () => say("problem", "Нет связи", "Кабинет не отвечает. Проверьте соединение и повторите.");

function offer(box, text, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", act);
  box.append(document.createElement("br"), button);
}

async function start() {
  element("enter").disabled = true;
  try {
    let answer = await post("esia_flows", { provider: "esia" });
    if (answer.body.code === "provider-not-connected") answer = await post("esia_flows", { provider: "oidc" });
    if (!answer.good) return problem(answer);
    sessionStorage.setItem(KEPT, JSON.stringify({ flow: answer.body.flow, logout: answer.body.logout_address }));
    location.assign(safe(answer.body.address));
  } catch {
    offline();
  } finally {
    element("enter").disabled = false;
  }
}

// What came back, and out of the address bar and the history at once.
function brought() {
  const given = new URLSearchParams(location.search);
  history.replaceState(null, "", location.pathname);
  const said = { state: given.get("state") };
  const number = /ESIA-\d{6}/.exec(given.get("error_description") ?? "");
  if (given.has("error")) said.error = number ? number[0] : given.get("error");
  else said.code = given.get("code");
  return said;
}

async function prove(said, kept, key) {
  let answer;
  try {
    answer = await post("esia_identities", { ...said, flow: kept.flow }, key);
  } catch {
    return offer(offline(), "Повторить", () => prove(said, kept, key));
  }
  if (!answer.good) {
    const box = problem(answer);
    if (answer.status === 503) offer(box, "Повторить", () => prove(said, kept, key));
    return undefined;
  }
  sessionStorage.removeItem(KEPT);
  leaving(kept.logout);
  if (answer.body.next !== "finish_sign_in") return unknown(answer.body);
  return answer.body.factor_needed ? factor(answer.body) : finish({ ticket: answer.body.ticket });
}

function unknown(body) {
  say("good", "Личность подтверждена", body.detail, new URL("../registration/", location.href).href);
}

function factor(body) {
  say("good", "Личность подтверждена", body.detail);
  element("factor").hidden = false;
  element("kind").addEventListener("change", sendable);
  sendable();
  element("send").addEventListener("click", () => send(body.ticket));
  element("finish").addEventListener("click", () =>
    finish({ ticket: body.ticket, kind: element("kind").value, code: element("code").value.trim() }));
}

function sendable() {
  element("send").hidden = element("kind").value === "totp";
}

async function send(ticket) {
  try {
    const answer = await post("codes", { ticket, channel: element("kind").value });
    if (!answer.good) return problem(answer);
    return say("good", "Код отправлен", `Код отправлен: ${answer.body.sent_to}.`);
  } catch {
    return offline();
  }
}

async function finish(body) {
  try {
    const answer = await post("sessions", { ...body, keep: "cookie" });
    if (!answer.good) return problem(answer);
    element("factor").hidden = true;
    const box = say("good", "Вы вошли", "Вход выполнен. Можно вернуться к работе в кабинете.");
    return offer(box, "Выйти из кабинета", signOut);
  } catch {
    return offline();
  }
}

async function signOut() {
  try {
    const answer = await fetch("/v1/sessions/current", {
      method: "DELETE",
      headers: { "Content-Type": "application/json" },
    });
    if (!answer.ok) return problem({ body: await answer.json() });
    return say("good", "Вы вышли", "Сеанс в кабинете завершён. На общем компьютере выйдите и из Госуслуг.");
  } catch {
    return offline();
  }
}

function leaving(address) {
  if (!address) return;
  element("logout").href = safe(address);
  element("leave").hidden = false;
}

function comeBack() {
  const said = brought();
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (!said.state || !(said.code || said.error)) {
    return say("problem", "Ответа Госуслуг нет", "Эту страницу открывают Госуслуги. Начните вход с начала.");
  }
  if (!kept) {
    return say("problem", "Вход начат не здесь",
      "Вход был начат в другой вкладке, в другом браузере или не вами. Начните его заново здесь.",
      new URL("../errors/#foreign-provider-answer", location.href).href);
  }
  return prove(said, kept, crypto.randomUUID());
}

if (document.body.dataset.page === "start") element("enter").addEventListener("click", start);
else comeBack();
