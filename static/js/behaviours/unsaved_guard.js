// Asks before a page with typed but unsent text is left.
import { keepTyped } from "./typed_text.js";

export function unsavedGuard(form) {
  let dirty = false;
  form.addEventListener("input", () => (dirty = true));
  form.addEventListener("submit", () => (dirty = false));
  window.addEventListener("beforeunload", (event) => {
    if (dirty && form.isConnected) event.preventDefault();
  });
  keepTyped(form);
}
