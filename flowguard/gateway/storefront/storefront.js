// The page: shows the menu and says what happened. How events travel is the business of outbox.js.

import { newId, Outbox } from "./outbox.js";

const SEEN_SHARE = 0.5; // of a card's area
const SEEN_MS = 500; // without a break: a card that only scrolls past was not seen
const PAGE = "menu";

const outbox = new Outbox("v1/events", {
  changed: (waiting) => {
    document.getElementById("outbox").textContent = waiting ? `${waiting} on their way.` : "";
  },
  refused: (event, entry) => console.warn("refused", entry, event),
  keyNeeded: () => askForKey(),
});

function visitor(storage, name) {
  const known = storage.getItem(name);
  if (known) return known;
  const created = newId();
  storage.setItem(name, created);
  return created;
}

function happened(type, dish, more) {
  return {
    event_id: newId(),
    event_type: type,
    user_id: visitor(localStorage, "flowguard.user"),
    session_id: visitor(sessionStorage, "flowguard.session"),
    item_id: dish.item_id,
    item_name: dish.item_name,
    category: dish.category,
    event_timestamp: new Date().toISOString(),
    schema_version: 1,
    ...more,
  };
}

function say(text, tone) {
  const message = document.getElementById("message");
  message.textContent = text;
  message.className = tone;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { message.textContent = ""; }, 5000);
}

function askForKey() {
  const dialog = document.getElementById("key");
  if (dialog.open) return;
  dialog.addEventListener("close", () => outbox.useKey(document.getElementById("key-value").value), { once: true });
  dialog.showModal();
}

async function order(dish, button) {
  button.disabled = true;
  say(`Ordering ${dish.item_name} …`, "");
  const late = setTimeout(() => say(`Still sending your order of ${dish.item_name} …`, ""), 4000);
  try {
    const placed = happened("order_placed", dish, {
      order_id: newId(), price: dish.price, currency: dish.currency,
    });
    const entry = await outbox.put(placed, { now: true });
    if (entry.status === "accepted") say(`${dish.item_name} is ordered. Enjoy!`, "good");
    else say(`Your order was refused: ${entry.field ?? "it"} ${entry.message}`, "bad");
  } finally {
    clearTimeout(late);
    button.disabled = false;
  }
}

// Reports a card once a page view, when at least half of it was on screen for half a second.
function watch(cards) {
  const timers = new Map();
  const seen = (card) => {
    watcher.unobserve(card);
    card.dataset.seen = "yes";
    const dish = cards.get(card);
    outbox.put(happened("impression", dish, { page: PAGE, position: dish.position }));
  };
  const watcher = new IntersectionObserver((changes) => {
    for (const { target, intersectionRatio } of changes) {
      clearTimeout(timers.get(target));
      if (intersectionRatio >= SEEN_SHARE && document.visibilityState === "visible") {
        timers.set(target, setTimeout(seen, SEEN_MS, target));
      }
    }
  }, { threshold: SEEN_SHARE });
  const watchAll = () => [...cards.keys()].filter((card) => !card.dataset.seen).forEach((card) => watcher.observe(card));
  document.addEventListener("visibilitychange", () => {
    timers.forEach(clearTimeout);
    watcher.disconnect();
    if (document.visibilityState === "visible") watchAll(); // observing anew reports what is on screen now
  });
  watchAll();
}

function show(menu) {
  const price = new Intl.NumberFormat(undefined, { style: "currency", currency: menu.currency });
  const main = document.getElementById("menu");
  const categories = document.getElementById("categories");
  const cards = new Map();
  main.replaceChildren();
  for (const { category, items } of menu.sections) {
    const section = document.getElementById("section").content.cloneNode(true).firstElementChild;
    section.id = category;
    section.querySelector("h2").textContent = category;
    categories.append(Object.assign(document.createElement("a"), { href: `#${category}`, textContent: category }));
    for (const item of items) {
      const dish = { ...item, category, currency: menu.currency, position: cards.size };
      const card = document.getElementById("card").content.cloneNode(true).firstElementChild;
      card.querySelector(".name").textContent = dish.item_name;
      card.querySelector(".price").textContent = price.format(dish.price);
      card.querySelector(".look").addEventListener("click", () => {
        document.querySelector(".card.open")?.classList.remove("open");
        card.classList.add("open");
        outbox.put(happened("click", dish, { page: PAGE, position: dish.position }));
      });
      const button = card.querySelector(".order");
      button.setAttribute("aria-label", `Order ${dish.item_name}`);
      button.addEventListener("click", () => order(dish, button));
      cards.set(card, dish);
      section.querySelector(".cards").append(card);
    }
    main.append(section);
  }
  watch(cards);
}

try {
  const answer = await fetch("v1/menu");
  if (!answer.ok) throw new Error(`the shop answered ${answer.status}`);
  show(await answer.json());
} catch (error) {
  document.getElementById("menu").textContent = `The menu could not be fetched: ${error.message}. Reload to try again.`;
}
