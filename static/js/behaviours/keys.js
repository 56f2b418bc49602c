// Shortcuts of the whole page; off while somebody types. Each is also reachable by a click.
const PLACES = { h: "/", s: "/services/", r: "/releases/", c: "/clusters/" };
const CHORD_MS = 900;

function isTyping(target) {
  return target.closest?.("input, textarea, select, [contenteditable]") !== null;
}

export function keys(body) {
  let leader = 0;
  body.ownerDocument.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      const box = document.querySelector("[data-slash]");
      if (!box) return;
      event.preventDefault();
      box.select();
    } else if (event.key === "?") {
      document.getElementById("shortcuts")?.showModal();
    } else if (event.key === "g") {
      leader = event.timeStamp;
    } else if (PLACES[event.key] && event.timeStamp - leader < CHORD_MS) {
      const link = document.querySelector(`.rail a[href="${PLACES[event.key]}"]`);
      if (link) location.assign(link.href);
    }
  });
}
