// Pages that were read to their end are remembered in this browser, ticked in the side bar, and forgotten on demand.
// At an address that does not exist, the pages whose addresses are most like it are offered.
const read = new Set(JSON.parse(localStorage.getItem("read") ?? "[]"));
const LONG_ENOUGH = 3000; // milliseconds

const tick = () => {
  localStorage.setItem("read", JSON.stringify([...read]));
  for (const link of document.querySelectorAll(".md-nav--primary a.md-nav__link")) {
    link.classList.toggle("read", !link.hash && read.has(link.pathname));
  }
  for (const button of document.querySelectorAll("button.forget")) button.parentElement.hidden = !read.size;
};

const watch = () => {
  const [end, here] = [document.querySelector(".foot"), location.pathname];
  const seen = ([{ isIntersecting }], observer) => {
    if (!isIntersecting || location.pathname !== here) return;
    observer.disconnect();
    read.add(here);
    tick();
  };
  if (end) setTimeout(() => new IntersectionObserver(seen).observe(end), LONG_ENOUGH);
};

const guess = () => {
  const list = document.querySelector(".lost .guesses ul");
  if (!list) return;
  const parts = (path) => path.toLowerCase().split(/[^a-z0-9]+/).filter((part) => part && part !== "html");
  const asked = parts(location.pathname);
  const like = ({ pathname }) => {
    const there = parts(pathname);
    return asked.filter((part) => there.some((other) => other.startsWith(part.slice(0, 5)))).length;
  };
  const links = [...document.querySelectorAll(".md-nav--primary a.md-nav__link[href]")].filter(({ hash }) => !hash);
  const found = links.filter(like).sort((a, b) => like(b) - like(a)).slice(0, 5);
  for (const { href, textContent } of found) {
    const item = document.createElement("li");
    item.append(Object.assign(document.createElement("a"), { href, textContent: textContent.trim() }));
    list.append(item);
  }
  document.querySelector(".lost .guesses").hidden = !found.length;
};

document.addEventListener("click", ({ target }) => {
  if (!target.matches("button.forget")) return;
  read.clear();
  tick();
});
document$.subscribe(() => {
  tick();
  watch();
  guess();
});
