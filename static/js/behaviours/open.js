// Opens the dialog whose id is in data-opens.
export function open(button) {
  button.addEventListener("click", () => {
    document.querySelector(":popover-open")?.hidePopover();
    document.getElementById(button.dataset.opens)?.showModal();
  });
}
