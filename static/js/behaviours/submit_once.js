// A form that can be posted once: a second click does nothing until the answer is there.
export function submitOnce(form) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) return event.preventDefault();
    queueMicrotask(() => {
      if (event.defaultPrevented && !form.matches("[data-htmx-powered]")) return;
      sent = true;
      if (event.submitter) {
        event.submitter.dataset.busy = "";
        event.submitter.setAttribute("aria-busy", "true");
      }
    });
  });
  const again = () => {
    sent = false;
    for (const button of form.querySelectorAll("[data-busy]")) {
      delete button.dataset.busy;
      button.removeAttribute("aria-busy");
    }
  };
  form.addEventListener("htmx:finally:request", again);
  window.addEventListener("pageshow", (event) => event.persisted && again());
}
