// The two static pages of sign-in through ЕСИА. The pass of a sign-in (`flow`) lives in this tab's session storage only:
// a code and a state that somebody else brings here find no pass, and so sign nobody in.

const KEPT = "cabinet-esia";
const element = (id) => document.getElementById(id);

async function post(path, body, key = crypto.randomUUID()) {
  const answer = await fetch(`/v1/${path}`, {
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
    let answer = await post("sign_in/esia_flows", { provider: "esia" });
    if (answer.body.code === "provider-not-connected") answer = await post("sign_in/esia_flows", { provider: "oidc" });
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
    answer = await post("sign_in/esia_identities", { ...said, flow: kept.flow }, key);
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
  return next(answer.body);
}

function next(proved) {
  if (proved.next !== "finish_sign_in") return register(proved);
  return proved.factor_needed ? offerFactors(proved) : finish(proved, {});
}

// One form at a time; what is sent is said, and whatever fails leaves the form as it is.
function show(id, act) {
  for (const one of document.forms) one.hidden = one.id !== id;
  if (!id) return;
  element(id).onsubmit = async (event) => {
    event.preventDefault();
    try {
      await act();
    } catch {
      offline();
    }
  };
}

const typed = (id) => element(id).value.trim();

async function offerFactors(proved) {
  try {
    const answer = await post("sign_in/factor_offers", { ticket: proved.ticket });
    if (!answer.good) return refused(proved, answer);
    say("good", "Личность подтверждена", proved.detail);
    element("kind").replaceChildren(...answer.body.factors.map((one) => new Option(one.title, one.kind)));
    const chosen = () => answer.body.factors.find((one) => one.kind === element("kind").value);
    const shape = () => {
      element("send").hidden = !["sms", "email"].includes(chosen().kind);
      element("typed").hidden = chosen().kind === "passkey";
    };
    element("kind").onchange = shape;
    element("send").onclick = () => send(proved);
    shape();
    return show("factor", async () => finish(proved, await given(chosen())));
  } catch {
    return offer(offline(), "Повторить", () => offerFactors(proved));
  }
}

async function given(factor) {
  if (factor.kind !== "passkey") return { kind: factor.kind, code: typed("code") };
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(factor.passkey);
  const answer = await navigator.credentials.get({ publicKey }).catch(() => null);
  if (!answer) return { kind: "passkey" };
  const { id, response } = answer;
  const assertion = {
    id,
    client_data: encoded(response.clientDataJSON),
    authenticator_data: encoded(response.authenticatorData),
    signature: encoded(response.signature),
    user_handle: response.userHandle && encoded(response.userHandle),
  };
  return { kind: "passkey", assertion };
}

const encoded = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function send(proved) {
  try {
    const answer = await post("sign_in/codes", { ticket: proved.ticket, channel: element("kind").value });
    if (!answer.good) return refused(proved, answer);
    return say("good", "Код отправлен", `Код отправлен: ${answer.body.sent_to}.`);
  } catch {
    return offline();
  }
}

async function finish(proved, factor) {
  try {
    const answer = await post("sign_in/sessions", { ticket: proved.ticket, ...factor, keep: "cookie" });
    if (!answer.good) return refused(proved, answer);
    show(null);
    const box = say("good", "Вы вошли", "Вход выполнен. Можно вернуться к работе в кабинете.");
    return offer(box, "Выйти из кабинета", signOut);
  } catch {
    return offer(offline(), "Повторить", () => finish(proved, factor));
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

// A cabinet that somebody else had opened is free now: its person goes on to a cabinet of his own.
function refused(proved, answer) {
  problem(answer);
  return answer.body.code === "account-not-confirmed" ? contacts(proved) : undefined;
}

function register(proved) {
  say("good", "Личность подтверждена", proved.detail, new URL("../registration/#proved", location.href).href);
  contacts(proved);
}

function contacts(proved) {
  element("phone").value = proved.phone ?? "";
  element("email").value = proved.email ?? "";
  show("contacts", async () => {
    const body = { ticket: proved.ticket, phone: typed("phone"), email: typed("email"), role: typed("role") };
    const answer = await post("registration/proved_flows", body);
    return answer.good ? codes(answer.body) : problem(answer);
  });
}

function codes(step) {
  say("good", "Коды отправлены", step.detail);
  show("codes", async () => {
    const body = { flow: step.flow, phone_code: typed("phone-code"), email_code: typed("email-code") };
    const answer = await post("registration/contact_confirmations", body);
    return answer.good ? consent(answer.body) : problem(answer);
  });
}

function consent(step) {
  say("good", "Телефон и почта подтверждены", step.detail);
  show("consent", async () => {
    const body = { flow: step.flow, policy_version: element("policy").dataset.version };
    const answer = await post("registration/completions", body);
    if (!answer.good) return problem(answer);
    show(null);
    return say("good", "Регистрация завершена", answer.body.detail);
  });
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
