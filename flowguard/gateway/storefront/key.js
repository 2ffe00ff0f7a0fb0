// The key that some shops ask for; kept as long as the tab.

import { read, write } from "./store.js";

const NAME = "flowguard.key";

export function withKey(headers = {}) {
  const key = read("sessionStorage", NAME);
  return key ? { ...headers, "X-API-Key": key } : headers;
}

let declined = false;

// Calls back once a key is given. Who closes the dialog without one is left alone until `mayAsk`.
export function askForKey(given) {
  const dialog = document.getElementById("key");
  const field = document.getElementById("key-value");
  if (dialog.open || declined) return;
  dialog.addEventListener("close", () => {
    declined = !field.value;
    if (!field.value) return;
    write("sessionStorage", NAME, field.value);
    field.value = "";
    given();
  }, { once: true });
  dialog.showModal();
}

export function mayAsk() {
  declined = false;
}
