// What FlowGuard saw: one's own events on their way from this page over Kafka into SILVER.

import { SESSION } from "./events.js";
import { withKey } from "./key.js";
import { element, parts, picture } from "./parts.js";
import { parsed, write } from "./store.js";

const KEPT = "flowguard.trail";
const MOST = 200; // as many as the gateway tells
const SHOWN = 6;
const ASK_MS = 1000; // while something is on its way; less and less often when nothing changes
const LONGEST_ASK_MS = 5000;
const GIVE_UP_MS = 15000;
const NAMES = { impression: "Seen", click: "Clicked", order_placed: "Ordered" };
const STATES = {
  away: "No connection to the shop.",
  busy: "The tables cannot be read just now; your events are taken in all the same.",
  off: "This gateway does not read the tables, so the way ends at Kafka here.",
  waiting: "On its way into SILVER …",
  none: "",
};
const wide = matchMedia("(min-width: 66rem)");

export class Trail {
  #panel = document.getElementById("trail");
  #events = new Map(); // event_id → { event_id, type, item, name, sent, kafka, silver, refused, credit }; times in ms
  #pause = ASK_MS;
  #state = "none";
  #asking = false;
  #timer;

  constructor(address) {
    this.address = address;
    for (const event of parsed("sessionStorage", KEPT) ?? []) this.#events.set(event.event_id, event);
    const fit = () => { this.#panel.open = wide.matches; };
    wide.addEventListener("change", fit);
    fit();
    // Beside the menu it is always there.
    this.#panel.querySelector("summary").addEventListener("click", (event) => { if (wide.matches) event.preventDefault(); });
    document.addEventListener("visibilitychange", () => this.#soon(0));
    this.#show();
    this.#soon(0);
  }

  sent(event) {
    this.#note(event.event_id, {
      type: event.event_type, item: event.item_id, name: event.item_name, sent: Date.parse(event.event_timestamp),
    });
    this.#show();
  }

  settled(event, entry) {
    if (event.session_id !== SESSION) return; // of a page before this one
    this.#note(event.event_id, entry.status === "accepted" ? { kafka: Date.now() } : { refused: true });
    this.#pause = ASK_MS;
    this.#show();
    this.#soon(ASK_MS);
  }

  askAgain() {
    this.#soon(0);
  }

  #note(id, more) {
    this.#events.set(id, { ...this.#events.get(id), event_id: id, ...more });
    if (this.#events.size > MOST) this.#events.delete(this.#events.keys().next().value);
    write("sessionStorage", KEPT, JSON.stringify([...this.#events.values()]));
  }

  #soon(milliseconds) {
    if (this.#state === "off") return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), milliseconds);
  }

  async #ask() {
    if (this.#asking || document.visibilityState !== "visible" || !this.#onTheirWay().length) return;
    this.#asking = true;
    let after = 0;
    try {
      const answer = await fetch(this.address, { headers: withKey(), signal: AbortSignal.timeout(GIVE_UP_MS) });
      after = 1000 * Number(answer.headers.get("Retry-After") ?? 0);
      if (answer.ok) this.#take((await answer.json()).events);
      else this.#state = answer.status === 404 ? "off" : "busy";
    } catch {
      this.#state = "away";
    }
    this.#asking = false;
    this.#show();
    this.#soon(Math.max(this.#pause, after));
    this.#pause = Math.min(this.#pause * 1.3, LONGEST_ASK_MS);
  }

  #take(seen) {
    for (const event of seen) {
      const known = this.#events.get(event.event_id);
      if (known?.silver) continue;
      this.#note(event.event_id, {
        type: event.event_type, item: event.item_id, name: event.item_name, sent: Date.parse(event.happened_at),
        kafka: Date.parse(event.in_kafka_at), credit: event.credit,
        // Who watched it come is told when it could be read, which is a little after its round was begun.
        silver: known ? Date.now() : Date.parse(event.in_silver_at),
      });
    }
    this.#state = this.#onTheirWay().length ? "waiting" : "none";
  }

  #onTheirWay() {
    return [...this.#events.values()].filter((event) => event.kafka && !event.silver);
  }

  #show() {
    const all = [...this.#events.values()];
    const rows = Object.entries(NAMES).map(([type, name]) => row(name, all.filter((event) => event.type === type)));
    this.#panel.querySelector("tbody").replaceChildren(...rows);
    const arrived = all.filter((event) => event.silver).length;
    this.#panel.querySelector(".sum").textContent = all.length ? `${arrived} of ${all.length}` : "";
    const latest = all.filter((event) => event.type !== "impression").sort((a, b) => b.sent - a.sent).slice(0, SHOWN);
    this.#panel.querySelector(".hint").hidden = latest.length > 0;
    this.#panel.querySelector(".latest").replaceChildren(...latest.map(step));
    const state = this.#panel.querySelector(".state");
    if (state.textContent !== STATES[this.#state]) state.textContent = STATES[this.#state];
  }
}

function row(name, events) {
  const line = document.createElement("tr");
  line.append(Object.assign(element("th", name), { scope: "row" }));
  for (const reached of ["sent", "kafka", "silver"]) line.append(element("td", events.filter((event) => event[reached]).length));
  return line;
}

function step(event) {
  const line = parts("step");
  line.dataset.id = event.event_id;
  picture(line.querySelector("img"), event.item);
  line.querySelector(".what").textContent = `${NAMES[event.type]} ${event.name}`;
  const time = line.querySelector("time");
  time.dateTime = new Date(event.sent).toISOString();
  time.textContent = new Date(event.sent).toLocaleTimeString();
  const reached = [event.sent, event.kafka, event.silver];
  line.querySelectorAll("ol li").forEach((place, index) => {
    place.className = reached[index] ? "reached" : "";
    place.querySelector("span").textContent = index && reached[index] ? since(event.sent, reached[index]) : "";
  });
  line.querySelector(".credit").textContent = event.refused ? "The gateway refused it." : credit(event.credit);
  return line;
}

// Two clocks may disagree: then the time itself is told.
function since(sent, then) {
  return then >= sent ? `+${((then - sent) / 1000).toFixed(2)} s` : new Date(then).toLocaleTimeString();
}

function credit(given) {
  if (!given) return "";
  if (given.to === "nothing") return "Credited to no click: there was none in the time before it.";
  if (given.to === "another_session") return "Credited to a click of yours in another session.";
  const before = given.seconds_to_order ? `${given.seconds_to_order}\u00a0s` : "less than a second";
  return `Credited to your click on ${given.item_name}, ${before} before.`;
}
