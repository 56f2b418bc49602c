// Reads a chosen or dropped file into the textarea of this element.
const MAX_BYTES = 1024 * 1024;

export function fileDrop(element) {
  const area = element.querySelector("textarea");
  const chooser = element.querySelector("input[type=file]");
  const read = async (file) => {
    if (!file || file.size > MAX_BYTES) return;
    area.value = await file.text();
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  };
  chooser?.addEventListener("change", () => read(chooser.files[0]));
  for (const name of ["dragover", "dragleave", "drop"]) {
    element.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      element.toggleAttribute("data-over", name === "dragover");
      if (name === "drop") read(event.dataTransfer.files[0]);
    });
  }
}
