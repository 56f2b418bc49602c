// Ctrl/Cmd+K opens the palette; the server finds, this file only moves the choice.
import { remember, visited } from "./recent.js";

function recent(heading) {
  const pages = visited().filter((page) => page.path !== location.pathname);
  if (!pages.length) return null;
  const group = document.createElement("div");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", heading);
  const title = document.createElement("h2");
  title.textContent = heading;
  title.setAttribute("aria-hidden", "true");
  group.append(title);
  pages.forEach((page, index) => {
    const option = document.createElement("a");
    option.id = `recent-${index}`;
    option.href = page.path;
    option.textContent = page.title;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const path = document.createElement("small");
    path.textContent = page.path;
    option.append(path);
    group.append(option);
  });
  return group;
}

export function palette(link) {
  remember();
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = dialog.querySelector("input");
  const options = () => [...dialog.querySelectorAll("#found a")];

  const open = () => {
    if (dialog.open) return;
    dialog.showModal();
    input.select();
    htmx.trigger(input, "refresh");
  };
  const choose = (index) => {
    const all = options();
    all.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    all[index]?.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", all[index]?.id ?? "");
  };
  const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("htmx:after:swap", () => choose(0));
  new MutationObserver(() => {
    const found = dialog.querySelector("#found[role=listbox]");
    if (found && !input.value && !found.querySelector("#recent-0")) {
      const group = recent(dialog.dataset.wordRecent);
      if (group) found.prepend(group);
    }
    if (chosen() < 0) choose(0);
  }).observe(dialog, { childList: true, subtree: true });
  input.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (count) choose((chosen() + (event.key === "ArrowDown" ? 1 : count - 1)) % count);
    } else if (event.key === "Enter") {
      event.preventDefault();
      options()[Math.max(0, chosen())]?.click();
    }
  });
}
