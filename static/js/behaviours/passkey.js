// A passkey's ceremony: fetches the challenge, asks the browser, then posts its answer as any form is posted.
const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

function readable(options) {
  const known = (list) => list?.map((one) => ({ ...one, id: toBytes(one.id) }));
  const read = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) read.user = { ...options.user, id: toBytes(options.user.id) };
  if (options.excludeCredentials) read.excludeCredentials = known(options.excludeCredentials);
  if (options.allowCredentials) read.allowCredentials = known(options.allowCredentials);
  return read;
}

function asJson(credential) {
  const { response } = credential;
  const answer = { clientDataJSON: toText(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"])
    if (response[part]) answer[part] = toText(response[part]);
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    clientExtensionResults: {},
    response: answer,
  });
}

export function passkey(form) {
  if (!window.PublicKeyCredential) return;
  form.hidden = false;
  const said = form.querySelector("[data-said]");
  const giveUp = (text) => {
    said.textContent = text;
    said.hidden = false;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.hidden = true;
    form.elements.credential.value = "";
    const answer = await fetch(form.dataset.options, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
    }).catch(() => null);
    // A refusal is told by the server, on the page that the form leads to.
    if (!answer?.ok || answer.redirected) return form.submit();
    try {
      const publicKey = readable(await answer.json());
      const credential = await navigator.credentials[form.dataset.ceremony]({ publicKey });
      form.elements.credential.value = asJson(credential);
    } catch {
      return giveUp(form.dataset.wordGivenUp);
    }
    form.submit();
  });
}
