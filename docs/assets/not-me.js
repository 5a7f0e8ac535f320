// «Это не я»: closes the access by the number that the cabinet's letter carries behind `#`.

const said = document.querySelector("#not-me-status");
const button = document.querySelector("#not-me-close");
let number = "";
let key = ""; // one act, one key: a second press after a lost answer repeats it

// The number leaves the address bar at once: neither history nor a look over the shoulder gives it away.
function takeNumber() {
  if (location.hash.length < 40) return; // an anchor of this page
  number = location.hash.slice(1);
  key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");
  history.replaceState(null, "", location.pathname);
  button.disabled = false;
  said.textContent = "Номер из письма принят. Если это были не вы, нажмите кнопку.";
}

async function closeAccess() {
  button.disabled = true;
  said.textContent = "Закрываем доступ…";
  try {
    const answer = await fetch("/v1/recovery/reports", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      body: JSON.stringify({ number }),
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
    const told = await answer.json();
    said.textContent = told.detail;
    button.disabled = answer.ok;
  } catch {
    said.textContent = "Кабинет не ответил. Проверьте связь и нажмите ещё раз.";
    button.disabled = false;
  }
}

takeNumber();
addEventListener("hashchange", takeNumber);
button.addEventListener("click", closeAccess);
