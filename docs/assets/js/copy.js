// Copy: the block as shown. Copy as script: its heading, the blocks it needs, the block. Copy page: its Markdown.
// One listener on the document, so it holds under instant navigation.
const codeOf = (name) => document.querySelector(`#block-${name} code`).textContent;
const textOf = (name) => document.querySelector(`#block-${name} .block-bar`).dataset.text ?? codeOf(name); // below a main guard

const texts = {
  copy: ({ needs }) => codeOf(needs.split(" ").at(-1)),
  "copy-script": ({ heading, needs }) => [heading, ...needs.split(" ").map(textOf)].join("\n"),
  "copy-page": async () => (await fetch(document.querySelector('.page-menu a[href$=".md"]').href)).text(),
};

const status = document.createElement("p"); // read out by a screen reader
Object.assign(status, { id: "copied", role: "status", ariaLive: "polite" });
document.body.append(status);

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
  if (!kind || button.classList.contains("done")) return;
  const before = button.textContent;
  let said = before.replace("Copy", "Copied");
  try {
    await toClipboard(await texts[kind](button.parentElement.dataset));
    button.textContent = said;
    button.classList.add("done");
  } catch {
    said = "Not copied: the browser does not allow it here";
  }
  status.textContent = said;
  setTimeout(() => {
    button.classList.remove("done");
    button.textContent = before;
    status.textContent = "";
  }, 1500);
});
