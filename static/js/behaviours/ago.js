// Keeps "5 min ago" true while the page stays open; the words are those of web/ago.py.
const TICK = 5000;
const DAY = 86400;
const format = new Map();

function words(seconds, locale) {
  if (Math.abs(seconds) < 5) return null;
  if (!format.has(locale)) format.set(locale, new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "short" }));
  const size = Math.abs(seconds);
  const [unit, length] = size < 60 ? ["second", 1] : size < 3600 ? ["minute", 60] : size < DAY ? ["hour", 3600] : ["day", DAY];
  return format.get(locale).format(-Math.sign(seconds) * Math.floor(size / length), unit);
}

const units = { en: [["s", 1], ["min", 60], ["h", 3600]] };

function short(seconds, locale) {
  const size = Math.abs(seconds);
  const language = locale.split("-")[0];
  if (!units[language] || size >= DAY) return words(seconds, locale);
  const [unit, length] = units[language].findLast(([, span]) => size >= span) ?? units[language][0];
  const span = `${Math.floor(size / length)} ${unit}`;
  return seconds > 0 ? `${span} ago` : `in ${span}`;
}

export function ago(element) {
  const locale = document.documentElement.lang || "en";
  const timer = setInterval(() => {
    if (!element.isConnected) return clearInterval(timer);
    const seconds = (Date.now() - Date.parse(element.dateTime)) / 1000;
    if (Math.abs(seconds) >= 30 * DAY) return clearInterval(timer);
    const text = short(seconds, locale);
    if (text && element.textContent !== text) element.textContent = text;
  }, TICK);
}
