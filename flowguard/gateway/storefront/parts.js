// Pieces of the page.

// A new element from a template.
export function parts(template) {
  return document.getElementById(template).content.cloneNode(true).firstElementChild;
}

// Shows the picture of a dish, or a plate for one that nobody has drawn.
export function picture(image, item) {
  image.onerror = () => {
    image.onerror = null;
    image.src = "dishes/dish.svg";
  };
  image.src = `dishes/${encodeURIComponent(item)}.svg`;
}

export function element(name, text, kind = "") {
  return Object.assign(document.createElement(name), { textContent: text, className: kind });
}

// Tells something in passing, above whatever is open.
export function say(text, tone) {
  const message = document.getElementById("message");
  message.textContent = text;
  message.className = tone;
  message.hidePopover();
  message.showPopover();
  clearTimeout(say.timer);
  say.timer = setTimeout(() => message.hidePopover(), 6000);
}

// What people are told of an id: its first characters.
export const short = (id) => id.slice(0, 8).toUpperCase();
