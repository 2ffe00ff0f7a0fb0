// Events that the gateway has not answered for yet. They are kept in localStorage, so that closing the tab, a
// reload or a gateway that is away loses none: they are sent again with the same event_id, and repeats are harmless.

const STORED = "flowguard.outbox.";
const BATCH = 50; // well below the 64 KiB that a browser sends for a page that closes
const WAIT_MS = 1000; // for company, before a batch is sent
const LONGEST_WAIT_MS = 30000; // between two attempts

// crypto.randomUUID is there only over HTTPS and on this machine's own addresses.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Outbox {
  #events = new Map(); // event_id → event
  #waiting = new Map(); // event_id → who wants to know what became of it
  #place = STORED + newId();
  #failures = 0;
  #inFlight = new Set(); // event_ids that are being sent
  #timer;

  // told: changed(number that waits), refused(event, entry), keyNeeded()
  constructor(address, told) {
    this.address = address;
    this.told = told;
    this.#adopt();
    // The page may be gone in a moment: what waits is sent at once. If the answer is not heard, the next page asks.
    addEventListener("pagehide", () => this.#send({ last: true }));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#send({ last: true });
    });
    addEventListener("online", () => this.#soon(0));
  }

  // Keeps an event until the gateway has answered for it; resolves with the gateway's entry.
  put(event, { now = false } = {}) {
    this.#events.set(event.event_id, event);
    this.#keep();
    if (now || this.#events.size === 1) this.#soon(now ? 0 : WAIT_MS);
    return new Promise((resolve) => this.#waiting.set(event.event_id, resolve));
  }

  useKey(key) {
    sessionStorage.setItem("flowguard.key", key);
    this.#soon(0);
  }

  #soon(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), milliseconds);
  }

  async #send({ last = false } = {}) {
    const unsent = [...this.#events.values()].filter((event) => !this.#inFlight.has(event.event_id));
    if (!unsent.length || (this.#inFlight.size && !last)) return;
    const batch = unsent.slice(-BATCH); // the latest first: an order should not wait for old ones
    for (const event of batch) this.#inFlight.add(event.event_id);
    let pause = WAIT_MS;
    try {
      const answer = await this.#post(batch);
      const { events } = await answer.json();
      events.forEach((entry, index) => this.#settle(batch[index], entry));
      if (answer.status === 401) this.told.keyNeeded();
      const judged = events.length > 0 && answer.status < 500;
      this.#failures = judged ? 0 : this.#failures + 1;
      if (!judged) pause = Math.max(this.#patience(), 1000 * Number(answer.headers.get("Retry-After") ?? 0));
    } catch { // not reached, or cut off: unknown, so again
      this.#failures += 1;
      pause = this.#patience();
    }
    for (const event of batch) this.#inFlight.delete(event.event_id);
    this.#keep();
    if (this.#events.size) this.#soon(pause);
  }

  #post(batch) {
    const key = sessionStorage.getItem("flowguard.key");
    return fetch(this.address, {
      method: "POST",
      keepalive: true,
      headers: { "Content-Type": "application/json", ...(key && { "X-API-Key": key }) },
      body: JSON.stringify(batch),
    });
  }

  #settle(event, entry) {
    if (entry.status !== "accepted" && entry.status !== "refused") return;
    this.#events.delete(event.event_id);
    if (entry.status === "refused") this.told.refused(event, entry);
    this.#waiting.get(event.event_id)?.(entry);
    this.#waiting.delete(event.event_id);
  }

  #patience() {
    return Math.min(WAIT_MS * 2 ** this.#failures, LONGEST_WAIT_MS) * (0.5 + Math.random() / 2);
  }

  #keep() {
    if (this.#events.size) localStorage.setItem(this.#place, JSON.stringify([...this.#events.values()]));
    else localStorage.removeItem(this.#place);
    this.told.changed(this.#events.size);
  }

  // Takes over what pages before this one could not bring home.
  #adopt() {
    for (const place of Object.keys(localStorage).filter((name) => name.startsWith(STORED))) {
      for (const event of JSON.parse(localStorage.getItem(place))) this.#events.set(event.event_id, event);
      localStorage.removeItem(place);
    }
    if (this.#events.size) {
      this.#keep();
      this.#soon(WAIT_MS);
    }
  }
}
