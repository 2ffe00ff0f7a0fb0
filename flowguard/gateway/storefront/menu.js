// The menu: a card for each dish, by category, and the search in it.

import { parts, picture } from "./parts.js";

const TINTS = 7;

// Shows the menu; returns the cards with their dishes. opened(dish) is called when a person wants to see more of one.
export function showMenu(menu, opened) {
  const price = new Intl.NumberFormat(undefined, { style: "currency", currency: menu.currency });
  const cards = new Map();
  const sections = menu.sections.map(({ category, items }, index) => {
    const section = parts("section");
    section.id = category;
    section.dataset.tint = index % TINTS;
    section.querySelector("h2").textContent = category;
    for (const item of items) {
      const dish = {
        ...item, category, currency: menu.currency, position: cards.size, told: price.format(item.price), tint: index % TINTS,
      };
      const card = showDish(dish, opened);
      cards.set(card, dish);
      section.querySelector("ul").append(card);
    }
    return section;
  });
  document.getElementById("menu").replaceChildren(...sections, parts("nothing"));
  document.getElementById("menu").ariaBusy = "false";
  document.getElementById("categories").replaceChildren(...menu.sections.map(({ category }) =>
    Object.assign(document.createElement("a"), { href: `#${category}`, textContent: category })));
  return cards;
}

function showDish(dish, opened) {
  const card = parts("card");
  picture(card.querySelector("img"), dish.item_id);
  card.querySelector(".name").textContent = dish.item_name;
  card.querySelector(".price").textContent = dish.told;
  card.querySelector("button").addEventListener("click", () => opened(dish));
  return card;
}

// Leaves only what is looked for; accents and case do not matter.
export function searchIn(cards) {
  const field = document.getElementById("search");
  const nothing = document.querySelector("#menu .nothing");
  const look = () => {
    const words = plain(field.value).split(/\s+/);
    let found = 0;
    for (const [card, dish] of cards) {
      const text = plain(`${dish.item_name} ${dish.category}`);
      card.hidden = !words.every((word) => text.includes(word));
      found += !card.hidden;
    }
    for (const section of document.querySelectorAll("#menu section")) {
      section.hidden = !section.querySelector(".card:not([hidden])");
      document.querySelector(`#categories a[href="#${CSS.escape(section.id)}"]`).hidden = section.hidden;
    }
    nothing.hidden = found > 0;
    nothing.querySelector("b").textContent = field.value.trim();
    document.getElementById("found").textContent = field.value ? `${found} ${found === 1 ? "dish" : "dishes"} found` : "";
  };
  field.addEventListener("input", look);
  nothing.querySelector("button").addEventListener("click", () => {
    field.value = "";
    look();
    field.focus();
  });
  look();
}

function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}
