// Whatever is wider than its frame can be reached by keyboard and has a name; so does the theme's search dialog.
const SCROLLING = "pre, pre > code, .wide, .md-typeset table";

const named = (part) => {
  const block = part.closest(".block")?.id.replace("block-", "");
  const kind = part.closest(".output") ? "Output" : part.matches("pre, code") ? "Code" : "Table";
  return block ? `${kind} of ${block}` : kind;
};

const scrolls = (part) => part.scrollWidth > part.clientWidth && getComputedStyle(part).overflowX !== "visible";

const reach = () => {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
  const parts = [...document.querySelectorAll(SCROLLING)].filter((part) => part.tabIndex < 0 && scrolls(part));
  for (const part of parts) {
    part.tabIndex = 0; // written only after all is measured, so that the page is laid out once
    part.role = "group";
    part.ariaLabel = named(part);
  }
};

document$.subscribe(() => requestAnimationFrame(reach));
addEventListener("resize", reach);
addEventListener("toggle", reach, true); // a solution unfolds
