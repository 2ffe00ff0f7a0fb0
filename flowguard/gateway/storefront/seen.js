// When a dish has been seen: at least half of its card on screen for a second without a break, once a page view.

const SHARE = 0.5; // of a card's area
const FOR_MS = 1000;

// seen(card) is called once for each card.
export function watch(cards, seen) {
  const unseen = new Set(cards);
  const timers = new Map();
  const tell = (card) => {
    watcher.unobserve(card);
    unseen.delete(card);
    seen(card);
  };
  const watcher = new IntersectionObserver((changes) => {
    for (const { target, intersectionRatio } of changes) {
      clearTimeout(timers.get(target));
      if (intersectionRatio >= SHARE && document.visibilityState === "visible") {
        timers.set(target, setTimeout(tell, FOR_MS, target));
      }
    }
  }, { threshold: SHARE });
  const watchAll = () => unseen.forEach((card) => watcher.observe(card));
  document.addEventListener("visibilitychange", () => {
    timers.forEach(clearTimeout);
    watcher.disconnect();
    if (document.visibilityState === "visible") watchAll(); // observing anew reports what is on screen now
  });
  watchAll();
}
