// Counts "34 s left" down while the page stays open; the words are those of web/ago.py and the server's template.
const units = { en: [["s", 1], ["min", 60], ["h", 3600], ["day", 86400]] };
const names = { s: "second", min: "minute", h: "hour", day: "day" };

function span(seconds, locale) {
  const [unit, length] = units.en.findLast(([, size]) => seconds >= size) ?? units.en[0];
  const count = Math.floor(seconds / length);
  if (locale.startsWith("en") && unit !== "day") return `${count} ${unit}`;
  return new Intl.NumberFormat(locale, { style: "unit", unit: names[unit], unitDisplay: "long" }).format(count);
}

export function left(element) {
  const locale = document.documentElement.lang || "en";
  const timer = setInterval(() => {
    if (!element.isConnected) return clearInterval(timer);
    const seconds = Math.max(0, (Date.parse(element.dateTime) - Date.now()) / 1000);
    const text = element.dataset.words.replace("{span}", span(seconds, locale));
    if (element.textContent !== text) element.textContent = text;
  }, 1000);
}
