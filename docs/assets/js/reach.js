// Whatever is wider than its frame can be reached by keyboard and has a name; so does the theme's search dialog.
// Code that goes on at the side offers to wrap its lines, on every page from then on. The menu closes as menus do.
const SCROLLING = "pre, pre > code, .drawing, .wide, .matrix, .formula, .md-typeset table";
const { classList } = document.documentElement;

const named = (part) => {
  const block = part.closest(".block")?.id.replace("block-", "");
  const kind = part.closest(".output") ? "Output" : part.matches("pre, code") ? "Code" : { formula: "Formula", drawing: "Figure" }[part.className] ?? "Table";
  return block ? `${kind} of ${block}` : kind;
};

const scrolls = (part) => part.scrollWidth > part.clientWidth && getComputedStyle(part).overflowX !== "visible";

const offerWrap = (code) => {
  const bar = code.closest(".block")?.querySelector(".block-bar");
  if (!bar || bar.querySelector(".wrap")) return;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "wrap", textContent: "Wrap" });
  button.ariaPressed = classList.contains("wrapped");
  bar.querySelector(".report").before(button); // so that nothing else moves
};

const reach = () => {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
  const parts = [...document.querySelectorAll(SCROLLING)].filter((part) => part.tabIndex < 0 && scrolls(part));
  for (const part of parts) {
    part.tabIndex = 0; // written only after all is measured, so that the page is laid out once
    part.role = "group";
    part.ariaLabel = named(part);
    if (part.matches("code")) offerWrap(part);
  }
};

const wrap = (on) => {
  classList.toggle("wrapped", on);
  for (const button of document.querySelectorAll("button.wrap")) button.ariaPressed = on;
};

document.addEventListener("click", (event) => {
  const { target } = event;
  if (target.closest(".open-search")) {
    event.preventDefault();
    document.querySelector(".md-search__input").focus();
  }
  for (const menu of document.querySelectorAll(".page-menu[open]")) if (!menu.contains(target)) menu.open = false;
  if (!target.matches("button.wrap")) return;
  wrap(!classList.contains("wrapped"));
  localStorage.setItem("wrapped", classList.contains("wrapped"));
});
document.addEventListener("keydown", ({ key }) => {
  const menu = key === "Escape" && document.querySelector(".page-menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
document$.subscribe(() => requestAnimationFrame(() => {
  reach();
  wrap(classList.contains("wrapped"));
}));
addEventListener("resize", reach);
addEventListener("toggle", reach, true); // a solution unfolds
addEventListener("beforeprint", () => { // for browsers whose style sheets cannot open a fold
  for (const fold of document.querySelectorAll("details:not(.page-menu)")) fold.open = true;
});
