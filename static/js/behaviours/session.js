// Says five minutes before the session ends that it does, and prolongs it without leaving the page. Once it has ended,
// offers to sign in again in a second window: after that, forms of this page can be sent as they stand.
import { whenSignedInAgain } from "./signed_in_again.js";

const SOON_MS = 5 * 60_000;

export function session(box) {
  const form = box.querySelector("form");
  const time = box.querySelector("time");
  const soon = box.querySelector("[data-soon]");
  const over = box.querySelector("[data-over]");
  let ends = Date.parse(box.dataset.ends);

  const look = () => {
    const left = ends - Date.now();
    box.hidden = left > SOON_MS;
    soon.hidden = left <= 0;
    over.hidden = left > 0;
    time.textContent = new Date(ends).toTimeString().slice(0, 5);
  };
  const renew = async () => {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
    }).catch(() => null);
    if (!answer?.ok || answer.redirected) return false;
    ends = Date.parse((await answer.json()).ends_at);
    look();
    return true;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!(await renew())) form.submit();
  });
  // Somebody else must not send what this person typed.
  whenSignedInAgain(({ user }) => (user === box.dataset.user ? renew() : location.reload()));
  look();
  setInterval(look, 15_000);
}
