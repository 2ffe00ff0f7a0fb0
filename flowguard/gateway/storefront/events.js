// What happens here, as events: who, in which session, with which dish.

import { read, write } from "./store.js";

const PAGE = "menu";

// A random UUID. crypto.randomUUID is there only over HTTPS and on this machine's own addresses.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function known(storage, name) {
  const id = read(storage, name) ?? newId();
  write(storage, name, id);
  return id;
}

const USER = known("localStorage", "flowguard.user"); // a browser
export const SESSION = known("sessionStorage", "flowguard.session"); // a tab; nobody else knows its id

function happened(type, dish, more) {
  return {
    event_id: newId(),
    event_type: type,
    user_id: USER,
    session_id: SESSION,
    item_id: dish.item_id,
    item_name: dish.item_name,
    category: dish.category,
    event_timestamp: new Date().toISOString(),
    schema_version: 1,
    ...more,
  };
}

export const impression = (dish) => happened("impression", dish, { page: PAGE, position: dish.position });
export const click = (dish) => happened("click", dish, { page: PAGE, position: dish.position });
export const order = (dish) =>
  happened("order_placed", dish, { order_id: newId(), price: dish.price, currency: dish.currency });
