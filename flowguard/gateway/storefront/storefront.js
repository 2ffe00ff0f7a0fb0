// The page: the menu, what people do with it, and where that goes.

import { click, impression, SESSION } from "./events.js";
import { askForKey, mayAsk, withKey } from "./key.js";
import { searchIn, showMenu } from "./menu.js";
import { confirmation, DishDialog, refusal } from "./order.js";
import { Outbox } from "./outbox.js";
import { element, say } from "./parts.js";
import { watch } from "./seen.js";
import { Trail } from "./trail.js";

const trail = new Trail(`v1/sessions/${SESSION}/events`);
const outbox = new Outbox("v1/events", {
  changed: (waiting, failed) => {
    const gone = waiting > 0 && (failed || !navigator.onLine);
    const what = `${waiting} ${waiting === 1 ? "event waits" : "events wait"}`;
    document.getElementById("away").textContent =
      gone ? `No answer from the shop. ${what} on this device and will be sent again by themselves.` : "";
  },
  settled: (event, entry, awaited) => {
    trail.settled(event, entry);
    if (entry.status === "refused") console.warn("refused", entry, event);
    if (awaited || event.event_type !== "order_placed") return; // an order of a page before this one
    if (entry.status === "accepted") say(confirmation(event), "good");
    else say(refusal(event, entry), "bad");
  },
  keyNeeded: () => askForKey(() => {
    outbox.tryNow();
    trail.askAgain();
  }),
});

function send(event, options) {
  trail.sent(event);
  return outbox.put(event, options);
}

const dialog = new DishDialog((order) => {
  mayAsk();
  return send(order, { now: true });
});

async function begin() {
  const main = document.getElementById("menu");
  try {
    const answer = await fetch("v1/menu", { headers: withKey() });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    const cards = showMenu(await answer.json(), (dish) => {
      send(click(dish));
      dialog.open(dish);
    });
    searchIn(cards);
    watch(cards.keys(), (card) => send(impression(cards.get(card))));
  } catch (error) {
    const again = Object.assign(element("button", "Try again", "main"), { type: "button" });
    const sorry = element("div", "", "nothing");
    sorry.append(element("p", `The shop does not answer: ${error.message}.`), again);
    main.replaceChildren(sorry);
    main.ariaBusy = "false";
    const retry = new AbortController(); // whichever comes first
    for (const [target, name] of [[again, "click"], [window, "online"]]) {
      target.addEventListener(name, () => { retry.abort(); begin(); }, { signal: retry.signal });
    }
  }
}

begin();
