// One dish, larger, and its order: asked for, sent, confirmed.

import { order } from "./events.js";
import { element, picture, say, short } from "./parts.js";

const LATE_MS = 2500;

export class DishDialog {
  #dialog = document.getElementById("dish");
  #state = this.#dialog.querySelector(".state");
  #button = this.#dialog.querySelector(".main");
  #dish;
  #placed; // the order that the dialog tells of

  // send(event): a promise of the gateway's entry
  constructor(send) {
    this.send = send;
    this.#dialog.querySelector(".close").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("click", ({ target }) => { if (target === this.#dialog) this.#dialog.close(); });
    this.#button.addEventListener("click", () => (this.#button.value === "order" ? this.#order(this.#dish) : this.#dialog.close()));
  }

  open(dish) {
    this.#dish = dish;
    this.#placed = undefined;
    this.#dialog.dataset.tint = dish.tint;
    picture(this.#dialog.querySelector(".picture"), dish.item_id);
    this.#dialog.querySelector("h2").textContent = dish.item_name;
    this.#dialog.querySelector(".category").textContent = dish.category;
    this.#dialog.querySelector(".price").textContent = dish.told;
    this.#show("", []);
    this.#offer("order", `Order for ${dish.told}`);
    this.#dialog.showModal();
    this.#button.focus();
  }

  async #order(dish) {
    const placed = order(dish);
    this.#placed = placed;
    const shown = () => this.#dialog.open && this.#placed === placed; // a person may have gone on
    this.#offer("wait", "Sending …");
    const late = setTimeout(() => shown() && this.#late(placed), LATE_MS);
    const entry = await this.send(placed);
    clearTimeout(late);
    if (entry.status === "accepted") {
      if (shown()) this.#stored(dish, placed);
      else say(confirmation(placed), "good");
    } else {
      if (shown()) this.#refused(entry);
      else say(refusal(placed, entry), "bad");
    }
  }

  #late(placed) {
    this.#show("waiting", [
      element("strong", "Not stored yet"),
      element("p", `The shop has not confirmed order ${short(placed.order_id)}. It is kept on this device and sent again ` +
        `by itself, always as event ${short(placed.event_id)}, so it never counts twice. You can go on, or close the page ` +
        "and come back."),
    ]);
    this.#offer("close", "Back to the menu");
  }

  #stored(dish, placed) {
    const facts = document.createElement("dl");
    const told = [["Dish", dish.item_name], ["Price", dish.told], ["Order", short(placed.order_id)], ["Event", short(placed.event_id)]];
    for (const [name, value] of told) facts.append(element("dt", name), element("dd", value));
    this.#show("good", [element("strong", "Ordered. Enjoy!"), facts]);
    this.#offer("close", "Back to the menu");
  }

  #refused(entry) {
    this.#show("bad", [element("strong", "Not ordered"), element("p", `The shop refused it: ${reason(entry)}.`)]);
    this.#offer("close", "Back to the menu");
  }

  #show(tone, content) {
    this.#state.className = `state ${tone}`;
    this.#state.replaceChildren(...content);
  }

  #offer(what, text) {
    Object.assign(this.#button, { value: what, textContent: text, disabled: what === "wait" });
    if (what === "close" && this.#dialog.open) this.#button.focus();
  }
}

const reason = (entry) => `${entry.field ?? "it"} ${entry.message}`;
export const confirmation = (placed) => `${placed.item_name} is ordered: order ${short(placed.order_id)}. Enjoy!`;
export const refusal = (placed, entry) => `Your order of ${placed.item_name} was refused: ${reason(entry)}.`;
