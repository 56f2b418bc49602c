// Says five minutes before the session ends that it does, and prolongs it without leaving the page.
const SOON_MS = 5 * 60_000;

export function session(box) {
  const form = box.querySelector("form");
  const time = box.querySelector("time");
  let ends = Date.parse(box.dataset.ends);

  const look = () => {
    box.hidden = ends - Date.now() > SOON_MS;
    time.textContent = new Date(ends).toTimeString().slice(0, 5);
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
    }).catch(() => null);
    if (!answer?.ok || answer.redirected) return form.submit();
    ends = Date.parse((await answer.json()).ends_at);
    look();
  });
  look();
  setInterval(look, 15_000);
}
