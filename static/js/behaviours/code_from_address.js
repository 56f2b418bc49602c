// Puts the code behind the # of a link into the form: what stands there is sent to no server and written into no log.
export function codeFromAddress(form) {
  const code = location.hash.slice(1);
  if (!code) return;
  form.elements.code.value = code;
  history.replaceState(null, "", location.pathname);
}
