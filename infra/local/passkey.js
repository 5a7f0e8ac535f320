// The trial page of passkeys: what a client of the cabinet does with the browser's own functions, and nothing more.

const form = document.querySelector("form");
const said = document.querySelector("#said");
const encoded = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function call(path, body, token) {
  const headers = { "Idempotency-Key": crypto.randomUUID() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(`/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(`${told.code}: ${told.detail}`);
  return told;
}

async function newestCode() {
  const sent = await (await fetch("/_local/outbox", { headers: { Accept: "application/json" } })).json();
  const texts = sent.filter((one) => one.text.startsWith("Код для входа")).map((one) => one.text);
  return texts.at(-1).match(/\d{6}/)[0];
}

async function signInByPassword(login, password) {
  const { ticket: first } = await call("sign_in/flows", { login });
  const { ticket } = await call("sign_in/password_checks", { ticket: first, password });
  await call("sign_in/codes", { ticket, channel: "sms" });
  return call("sign_in/sessions", { ticket, kind: "sms", code: await newestCode() });
}

async function connect() {
  const { token } = await signInByPassword(form.login.value, form.password.value);
  const { ticket, public_key } = await call("factors/passkeys", undefined, token);
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(public_key);
  const made = await navigator.credentials.create({ publicKey });
  const credential = {
    id: made.id,
    client_data: encoded(made.response.clientDataJSON),
    attestation: encoded(made.response.attestationObject),
  };
  const changed = await call("factors/passkeys/confirmations", { ticket, credential, name: "Пробный ключ" }, token);
  return `Ключ подключён. ${changed.detail}`;
}

async function enter() {
  const { ticket, public_key } = await call("sign_in/passkey_challenges");
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(public_key);
  const { id, response } = await navigator.credentials.get({ publicKey });
  const assertion = {
    id,
    client_data: encoded(response.clientDataJSON),
    authenticator_data: encoded(response.authenticatorData),
    signature: encoded(response.signature),
    user_handle: response.userHandle && encoded(response.userHandle),
  };
  const { session } = await call("sign_in/sessions", { ticket, kind: "passkey", assertion });
  return `Вход выполнен. Сеанс открыт ${session.opened_at}.`;
}

async function tell(act) {
  said.textContent = "…";
  try {
    said.textContent = await act();
  } catch (error) {
    said.textContent = `Не получилось. ${error.message}`;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  tell(connect);
});
document.querySelector("#enter").addEventListener("click", () => tell(enter));
