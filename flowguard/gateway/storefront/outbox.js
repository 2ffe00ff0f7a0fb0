// Events that the gateway has not answered for yet. They are kept in localStorage, so that closing the tab, a
// reload or a gateway that is away loses none: they are sent again with the same event_id, and repeats are harmless.

import { newId } from "./events.js";
import { withKey } from "./key.js";
import { forget, names, parsed, write } from "./store.js";

const STORED = "flowguard.outbox.";
const BATCH = 50; // well below the 64 KiB that a browser sends for a page that closes
const WAIT_MS = 1000; // for company, before a batch is sent
const LONGEST_WAIT_MS = 30000; // between two attempts
const GIVE_UP_MS = 20000; // longer than the gateway itself waits for Kafka

export class Outbox {
  #events = new Map(); // event_id → event
  #waiting = new Map(); // event_id → who wants to know what became of it
  #place = STORED + newId();
  #inFlight = new Set(); // event_ids that are being sent
  #most = BATCH;
  #failures = 0;
  #urgent = false;
  #timer;

  // told: changed(number that waits, whether the last attempt failed), settled(event, entry), keyNeeded()
  constructor(address, told) {
    this.address = address;
    this.told = told;
    // The page may be gone in a moment: what waits is sent at once. If the answer is not heard, the next page asks.
    addEventListener("pagehide", () => this.#send({ last: true }));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#send({ last: true });
    });
    addEventListener("online", () => this.#soon(0));
    this.#adopt();
  }

  // Keeps an event until the gateway has answered for it; resolves with the gateway's entry.
  put(event, { now = false } = {}) {
    this.#events.set(event.event_id, event);
    this.#keep();
    this.#urgent ||= now;
    if (now || this.#events.size === 1) this.#soon(now ? 0 : WAIT_MS);
    return new Promise((resolve) => this.#waiting.set(event.event_id, resolve));
  }

  tryNow() {
    this.#soon(0);
  }

  #soon(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), milliseconds);
  }

  async #send({ last = false } = {}) {
    const unsent = [...this.#events.values()].filter((event) => !this.#inFlight.has(event.event_id));
    if (!unsent.length || (this.#inFlight.size && !last)) return;
    const batch = unsent.slice(-this.#most); // the latest first: an order should not wait for old ones
    for (const event of batch) this.#inFlight.add(event.event_id);
    this.#urgent = false;
    let pause;
    try {
      pause = this.#judge(batch, await this.#post(batch));
    } catch { // not reached, or cut off: unknown, so again
      this.#failures += 1;
      pause = this.#patience();
    }
    for (const event of batch) this.#inFlight.delete(event.event_id);
    this.#keep();
    if (this.#events.size) this.#soon(pause);
  }

  async #post(batch) {
    const answer = await fetch(this.address, {
      method: "POST",
      keepalive: true,
      signal: AbortSignal.timeout(GIVE_UP_MS),
      headers: withKey({ "Content-Type": "application/json" }),
      body: JSON.stringify(batch),
    });
    return { status: answer.status, after: answer.headers.get("Retry-After"), events: (await answer.json()).events };
  }

  // Takes what is settled out; returns the milliseconds until the next attempt.
  #judge(batch, { status, after, events }) {
    events.forEach((entry, index) => this.#settle(batch[index], entry));
    if (status === 401) this.told.keyNeeded();
    if (status === 413 && batch.length > 1) {
      this.#most = Math.ceil(batch.length / 2); // this gateway takes fewer at a time
      return 0;
    }
    if (events.length && status < 500) {
      this.#failures = 0;
      return this.#urgent ? 0 : WAIT_MS;
    }
    this.#failures += 1;
    return Math.max(this.#patience(), 1000 * Number(after ?? 0));
  }

  #settle(event, entry) {
    if (entry.status !== "accepted" && entry.status !== "refused") return;
    this.#events.delete(event.event_id);
    this.told.settled(event, entry, this.#waiting.has(event.event_id));
    this.#waiting.get(event.event_id)?.(entry);
    this.#waiting.delete(event.event_id);
  }

  #patience() {
    return Math.min(WAIT_MS * 2 ** (this.#failures - 1), LONGEST_WAIT_MS) * (0.5 + Math.random() / 2);
  }

  #keep() {
    if (this.#events.size) write("localStorage", this.#place, JSON.stringify([...this.#events.values()]));
    else forget("localStorage", this.#place);
    this.told.changed(this.#events.size, this.#failures > 0);
  }

  // Takes over what pages before this one could not bring home, but not what another open tab is sending: a tab holds
  // a lock named after its place for as long as it lives. Without locks (plain HTTP), both send, which is harmless.
  #adopt() {
    const places = names("localStorage").filter((name) => name.startsWith(STORED));
    navigator.locks?.request(this.#place, () => new Promise(() => {}));
    for (const place of places) {
      if (navigator.locks) navigator.locks.request(place, () => this.#take(place));
      else this.#take(place);
    }
  }

  #take(place) {
    const events = parsed("localStorage", place);
    for (const event of Array.isArray(events) ? events : []) this.#events.set(event.event_id, event);
    this.#keep();
    forget("localStorage", place);
    if (this.#events.size) this.#soon(WAIT_MS);
  }
}
