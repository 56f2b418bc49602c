// The button of the form works only once what data-word says has been typed into its [data-confirm] field.
export function confirm(form) {
  const typed = form.querySelector("[data-confirm]");
  const buttons = form.querySelectorAll("button[data-needs-word]");
  const check = () => {
    for (const button of buttons) button.disabled = typed.value.trim() !== form.dataset.word;
  };
  typed.addEventListener("input", check);
  check();
}
