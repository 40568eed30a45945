// Copy: the block as shown. Copy as script: the block with the blocks it needs, as one program.
// One listener on the document, so it holds under instant navigation.
const codeOf = (name) => document.querySelector(`#block-${name} code`).textContent;

const scriptOf = (bar) => {
  const needs = bar.dataset.needs.split(" ");
  const page = location.pathname.replace(/\/(index\.html)?$/, "");
  const heading = `# ${document.title}: ${needs.at(-1)} (${page}), tested with torch ${document.querySelector("[data-torch]")?.dataset.torch}`;
  return [heading, ...needs.map(codeOf)].join("\n");
};

// Pages opened from disk have no clipboard: select the text and let the browser copy it.
const toClipboard = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest(".copy, .copy-script");
  if (!button) return;
  const bar = button.closest(".block-bar");
  const text = button.matches(".copy") ? codeOf(bar.dataset.needs.split(" ").at(-1)) : scriptOf(bar);
  await toClipboard(text);
  const status = document.querySelector("#copied");
  button.classList.add("done");
  if (status) status.textContent = button.matches(".copy") ? "Copied" : "Copied as script";
  setTimeout(() => {
    button.classList.remove("done");
    if (status) status.textContent = "";
  }, 1500);
});
