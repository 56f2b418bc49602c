// Copies the text of the [data-copied] beside it.
export function copy(button) {
  button.addEventListener("click", async () => {
    const text = button.parentElement.querySelector("[data-copied]").textContent;
    await navigator.clipboard.writeText(text);
    button.dataset.done = "";
    setTimeout(() => delete button.dataset.done, 1200);
  });
}
