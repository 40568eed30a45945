// Loaded in the head, before the theme's own script. The index, and what puts its hits in order (match.js, rank.js), are fetched
// when a reader turns to the search, and not with every page. What is pasted is searched at once.
if (localStorage.getItem("wrapped") === "true") document.documentElement.classList.add("wrapped"); // before the page is drawn
{
  const here = document.currentScript.src;
  const wanted = new Promise((wake) => {
    const turned = (event) => {
      if (event.type === "keydown" || event.target.closest?.("[data-md-component=search], [for=__search]")) wake();
    };
    for (const kind of ["keydown", "focusin", "pointerover", "touchstart"]) addEventListener(kind, turned, { passive: true });
    const address = new URLSearchParams(location.search);
    if (address.has("q") || address.has("h")) wake(); // a shared search, or words to mark on the page
  });
  const ordered = wanted.then(() => new Promise((loaded) => {
    for (const name of ["match.js", "rank.js"]) {
      const script = document.createElement("script");
      Object.assign(script, { src: here.replace("search.js", name), async: false, onload: name === "rank.js" && loaded, onerror: loaded });
      document.head.append(script);
    }
  }));
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    this.waits = String(url).includes("search/search_index");
    return open.call(this, method, url, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    return this.waits ? ordered.then(() => send.call(this, body)) : send.call(this, body);
  };
  addEventListener("input", ({ target }) => { // the theme listens to keys only: paste by mouse or finger has none
    if (target.matches?.(".md-search__input")) target.dispatchEvent(new KeyboardEvent("keyup", { bubbles: true }));
  });

  const { postMessage, addEventListener: listen } = Worker.prototype;
  Worker.prototype.postMessage = function (message, ...rest) {
    return postMessage.call(this, window.ranking?.sent(message) ?? message, ...rest);
  };
  Worker.prototype.addEventListener = function (kind, ...rest) {
    if (kind === "message" && !this.ranks) {
      this.ranks = true; // before the theme hears it
      listen.call(this, kind, ({ data }) => window.ranking?.received(data));
    }
    return listen.call(this, kind, ...rest);
  };
}
