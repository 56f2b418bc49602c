// A panel that has not been seen again in time says "stale since"; its colours go by CSS.
export function asOf(element) {
  const timer = setInterval(() => {
    if (!element.isConnected) return clearInterval(timer);
    if (!element.dataset.at) return;
    const stale = Date.now() - Date.parse(element.dataset.at) > Number(element.dataset.seconds) * 1000;
    element.toggleAttribute("data-stale", stale);
    for (const word of element.querySelectorAll("[data-fresh]")) word.hidden = stale;
    for (const word of element.querySelectorAll("[data-old]")) word.hidden = !stale;
  }, 1000);
}
