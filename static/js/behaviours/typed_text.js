// Typed text outlives a sign-in in between: kept in this tab while a form is filled in, put back after signing in.
// Passwords and whatever a browser must not keep (autocomplete="off") stay out of it.
const KEY = "typed-text";
const SIGNED_OUT = "signed-out";
const kept = 'input:not([type=hidden]):not([type=password]):not([type=file]):not([autocomplete=off]), textarea:not([autocomplete=off]), select';

const here = () => location.pathname + location.search;

function values(form) {
  return [...form.querySelectorAll(kept)]
    .filter((field) => field.name)
    .map((field) => [field.name, /checkbox|radio/.test(field.type) ? field.checked : field.value, field.value]);
}

function putBack(form, typed) {
  for (const [name, value, own] of typed) {
    for (const field of form.querySelectorAll(kept)) {
      if (field.name !== name) continue;
      if (!/checkbox|radio/.test(field.type)) field.value = value;
      else if (field.value === own) field.checked = value;
    }
  }
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

export function keepTyped(form) {
  const before = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  if (sessionStorage.getItem(SIGNED_OUT) && before?.at === here()) putBack(form, before.typed);
  sessionStorage.removeItem(SIGNED_OUT);
  sessionStorage.removeItem(KEY);
  form.addEventListener("input", () =>
    sessionStorage.setItem(KEY, JSON.stringify({ at: here(), typed: values(form) })),
  );
}

// The sign-in page: what was being typed is wanted again.
export function signedOut() {
  if (sessionStorage.getItem(KEY)) sessionStorage.setItem(SIGNED_OUT, "1");
}
