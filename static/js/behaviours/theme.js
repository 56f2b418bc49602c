// Changes the theme at once; the post that the server remembers it by follows without a reload.
export function theme(form) {
  form.addEventListener("submit", (event) => {
    const chosen = event.submitter?.value;
    if (!chosen) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form, event.submitter));
    fetch(form.action, { method: "POST", body, redirect: "manual" });
    document.documentElement.dataset.theme = chosen;
    document.querySelector("meta[name=color-scheme]").content = chosen === "system" ? "light dark" : chosen;
    for (const button of document.querySelectorAll("[data-behaviour=theme] button")) {
      button.setAttribute("aria-pressed", String(button.value === chosen));
    }
  });
}
