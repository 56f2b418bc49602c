// Binds static/js/behaviours/<name>.js to elements with data-behaviour="<name>", also to those that htmx brings later.
import { ago } from "./behaviours/ago.js";
import { asOf } from "./behaviours/as_of.js";
import { chart } from "./behaviours/chart.js";
import { codeFromAddress } from "./behaviours/code_from_address.js";
import { confirm } from "./behaviours/confirm.js";
import { copy } from "./behaviours/copy.js";
import { fileDrop } from "./behaviours/file_drop.js";
import { follow } from "./behaviours/follow.js";
import { keys } from "./behaviours/keys.js";
import { left } from "./behaviours/left.js";
import { live } from "./behaviours/live.js";
import { menu } from "./behaviours/menu.js";
import { open } from "./behaviours/open.js";
import { palette } from "./behaviours/palette.js";
import { passkey } from "./behaviours/passkey.js";
import { session } from "./behaviours/session.js";
import { signedInAgain } from "./behaviours/signed_in_again.js";
import { submitOnce } from "./behaviours/submit_once.js";
import { theme } from "./behaviours/theme.js";
import { signedOut } from "./behaviours/typed_text.js";
import { unsavedGuard } from "./behaviours/unsaved_guard.js";

const behaviours = {
  ago,
  "as-of": asOf,
  chart,
  "code-from-address": codeFromAddress,
  confirm,
  copy,
  "file-drop": fileDrop,
  follow,
  keys,
  left,
  live,
  menu,
  open,
  palette,
  passkey,
  session,
  "signed-in-again": signedInAgain,
  "signed-out": signedOut,
  "submit-once": submitOnce,
  theme,
  "unsaved-guard": unsavedGuard,
};

const bound = new WeakMap();

function bind(root) {
  const found = [...root.querySelectorAll("[data-behaviour]")];
  if (root.matches?.("[data-behaviour]")) found.unshift(root);
  for (const element of found) {
    const done = bound.get(element) ?? new Set();
    bound.set(element, done);
    for (const name of element.dataset.behaviour.split(" ")) {
      if (done.has(name) || !behaviours[name]) continue;
      done.add(name);
      behaviours[name](element);
    }
  }
}

document.documentElement.dataset.scripted = "";
bind(document.documentElement);
new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) if (node.nodeType === 1) bind(node);
}).observe(document.documentElement, { childList: true, subtree: true });
