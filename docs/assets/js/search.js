// Loaded in the head, before the theme's own script: the index is fetched when a reader turns to the search, and not
// with every page; and what they paste there, such as an error message, is searched as plain words.
{
  const wanted = new Promise((wake) => {
    const turned = (event) => {
      if (event.type === "keydown" || event.target.closest?.("[data-md-component=search], [for=__search]")) wake();
    };
    for (const kind of ["keydown", "focusin", "pointerover", "touchstart"]) addEventListener(kind, turned, { passive: true });
    if (new URLSearchParams(location.search).has("q")) wake();
  });
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    this.waits = String(url).includes("search/search_index");
    return open.call(this, method, url, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    return this.waits ? wanted.then(() => send.call(this, body)) : send.call(this, body);
  };
  const QUERY = 2; // the theme's messages to its search worker carry a type
  // Whole words count as they are ("^1"), so that stop words and endings are treated as in the index, which is what a
  // pasted message needs; the last word counts as a beginning too, for someone who is still typing.
  const plain = (text) => {
    const all = text.split(/[^\p{L}\p{N}_]+/u).filter(Boolean);
    const spoken = all.filter((word) => /\D/.test(word)); // the numbers in a message are the reader's own
    const words = spoken.length ? spoken : all;
    return [...words.map((word) => `${word}^1`), ...words.slice(-1)].join(" ");
  };
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    const said = message?.type === QUERY ? { ...message, data: plain(message.data) } : message;
    return post.call(this, said, ...rest);
  };
}
