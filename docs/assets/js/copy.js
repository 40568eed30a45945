// Copy: the block as shown. Copy as script: its heading, the blocks it needs, the block. Copy page: its Markdown.
// One listener on the document, so it holds under instant navigation.
const codeOf = (name) => document.querySelector(`#block-${name} code`).textContent;

const texts = {
  copy: ({ needs }) => codeOf(needs.split(" ").at(-1)),
  "copy-script": ({ heading, needs }) => [heading, ...needs.split(" ").map(codeOf)].join("\n"),
  "copy-page": async () => (await fetch(document.querySelector('.page-facts a[href$=".md"]').href)).text(),
};

// Pages opened from disk may have no clipboard: select the text and let the browser copy it.
const toClipboard = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
};

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("button");
  const kind = Object.keys(texts).find((name) => button?.classList.contains(name));
  if (!kind) return;
  let said = button.textContent.replace("Copy", "Copied");
  try {
    await toClipboard(await texts[kind](button.parentElement.dataset));
    button.classList.add("done");
  } catch {
    said = "Not copied: the browser does not allow it here";
  }
  const status = document.querySelector("#copied");
  if (status) status.textContent = said;
  setTimeout(() => {
    button.classList.remove("done");
    if (status) status.textContent = "";
  }, 1500);
});
