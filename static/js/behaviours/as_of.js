// A panel that has not been seen again in time says "stale since"; its colours go by CSS.
// Nothing is published while nothing changes, so a live panel asks again before its time is up.
const ASK_AT = 0.6;
const PAUSE_MS = 5000;
const asked = new WeakMap();

function askAgain(element) {
  const region = element.closest("[data-live]");
  if (!region || document.hidden || Date.now() - (asked.get(region) ?? 0) < PAUSE_MS) return;
  asked.set(region, Date.now());
  htmx.trigger(region, "refresh");
}

export function asOf(element) {
  const timer = setInterval(() => {
    if (!element.isConnected) return clearInterval(timer);
    if (!element.dataset.at) return;
    const age = Date.now() - Date.parse(element.dataset.at);
    const limit = Number(element.dataset.seconds) * 1000;
    if (age > ASK_AT * limit) askAgain(element);
    element.toggleAttribute("data-stale", age > limit);
    for (const word of element.querySelectorAll("[data-fresh]")) word.hidden = age > limit;
    for (const word of element.querySelectorAll("[data-old]")) word.hidden = age <= limit;
  }, 1000);
}
