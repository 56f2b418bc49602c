// After a sign-in in a second window: it hands the first one the new proof of origin, with which its forms can be sent.
const CHANNEL = "signed-in-again";

export function signedInAgain(box) {
  new BroadcastChannel(CHANNEL).postMessage({ token: box.dataset.token, user: box.dataset.user });
}

export function whenSignedInAgain(then) {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }) => {
    for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = data.token;
    then(data);
  };
}
