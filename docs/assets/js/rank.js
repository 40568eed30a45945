// The order of the search's hits. One wrong letter is forgiven, sections that hold the rare words of the question come
// first, and each page shows its best section, or two that fit alike. An empty result offers the tabs.
// The entry of a pasted message (match.js) comes before all others.
{
  const [SETUP, QUERY, RESULT] = [0, 2, 3]; // types of the messages to and from the theme's search worker
  const [sections, known] = [new Map(), new Map()]; // what is known of each address, and in how many sections a word is

  const stem = (word) => (word.length < 4 ? word : word.replace(/(ations?|ing|ed|es|s|e)$/, "").replace(/([^s])\1$/, "$1"));
  const parts = (name) => name.replace(/(\p{Ll})(\p{Lu})/gu, "$1_$2").split("_").filter((part) => part.length > 1 && part !== name);
  const split = (text) => (text.replace(/<[^>]*>/g, " ").match(/[\p{L}\p{N}_]+/gu) ?? []) // zero_grad is also zero, grad
    .flatMap((name) => [name, ...parts(name)]).map((word) => word.toLowerCase());
  const EMPTY = new Set("a an and are as at be been but by can cannot could did do does for from get has have how i if in instead into is it its me my no not of on or please should so than that the then there this to use used using was what when where which why will with work works write you your pytorch torch difference between much many need needs want make own way after before again".split(" ").map(stem));
  const pairs = (words) => words.slice(1).map((word, i) => `${words[i]} ${word}`);
  const count = (store, word, more = 1) => store.set(word, (store.get(word) ?? 0) + more);

  const learn = (docs) => {
    for (const store of [sections, known]) store.clear();
    match = window.matcher(docs);
    for (const { location, title, text, messages } of docs) {
      const [heading, prose, code = [], called = []] = [title, ...text.split("<p hidden>")].map((part) => split(part).map(stem));
      const counts = new Map(code.map((word) => [word, 0.4]));
      for (const word of prose) count(counts, word);
      for (const word of new Set([...counts.keys(), ...heading, ...called])) count(known, word);
      const share = messages ? 0.7 : /#(exercises|solutions|next)$/.test(location) ? 0.6 : 1; // a lesson before an error about it
      const [inHeading, inCalled, beside] = [heading, called, [heading, prose, called].flatMap(pairs)].map((words) => new Set(words));
      const page = sections.get(location.split("#")[0])?.inHeading ?? inHeading;
      sections.set(location, { title, share, counts, inHeading, inCalled, page, beside });
    }
  };

  const cuts = (word) => [word, ...[...word].map((_, i) => word.slice(0, i) + word.slice(i + 1))]; // one letter less
  const mended = (word) => { // near are words that are equal but for one letter more, less, other, or two changed about
    if (known.has(stem(word)) || word.length < 4) return word;
    const mine = new Set([word, stem(word)].flatMap(cuts));
    const near = (other) => other.startsWith(word) || (Math.abs(other.length - word.length) < 4 && cuts(other).some((cut) => mine.has(cut)));
    return [...known.keys()].filter(near).sort((a, b) => known.get(b) - known.get(a))[0] ?? word;
  };
  const weight = (word) => {
    const [times, empty] = [known.get(word) ?? sections.size, EMPTY.has(word) && asked.some((other) => !EMPTY.has(other))];
    return (empty ? 0.05 : 1) * Math.log(1 + (sections.size - times + 0.5) / (times + 0.5));
  };

  let [asked, match, found] = [[], null, null];
  // Whole words count as they are ("^1"), so that stop words and endings are treated as in the index; the last word
  // counts as a beginning too, for someone who is still typing.
  const plain = (text) => {
    found = match(text);
    const best = [...found.likeness].sort((a, b) => b[1] - a[1]).slice(0, 3).flatMap(([location]) => split(sections.get(location).title).filter((word) => !EMPTY.has(stem(word))));
    const spoken = split(found.message).filter((word) => /\D/.test(word)); // the numbers in a message are the reader's own
    const words = (spoken.length ? spoken : split(found.message)).map(mended);
    asked = words.map(stem);
    const rare = words.filter((word) => !EMPTY.has(stem(word))).sort((a, b) => weight(stem(b)) - weight(stem(a)));
    return [...best, ...(rare.length ? rare : words).slice(0, 12)].map((word) => `${word}^1`).concat(words.slice(-1)).join(" ");
  };

  // What readers call a section tells most, then the title of its page and its heading; a word said often tells little more.
  const score = ({ location }) => {
    const { share, counts, inHeading, inCalled, page, beside } = sections.get(location);
    const said = (word) => (1.8 * (counts.get(word) ?? 0)) / ((counts.get(word) ?? 0) + 0.8);
    const worth = (word) => said(word) + 3 * inCalled.has(word) + 1.5 * page.has(word) + inHeading.has(word);
    const sum = (words, value) => words.reduce((total, word) => total + value(word), 0);
    const words = [...new Set(asked)];
    const held = sum(words.filter(worth), weight) / sum(words, weight);
    const together = pairs(asked).filter((pair) => beside.has(pair)).map((pair) => Math.min(...pair.split(" ").map(weight)));
    return (sum(words, (word) => weight(word) * worth(word)) + 0.6 * sum(together, Number)) * Math.sqrt(held) * share;
  };

  const byLikeness = (a, b) => b.like - a.like || b.own - a.own;
  const improve = (data) => {
    for (const group of data.items) {
      for (const item of group) Object.assign(item, { own: score(item), like: found.likeness.get(item.location) ?? 0 });
      const [first, ...others] = group.sort(byLikeness).filter(({ location }) => location.includes("#"));
      const second = others.length && others[0].like === first.like && others[0].own > 0.85 * first.own ? 1 : 0;
      for (const item of group) item.score = -others.indexOf(item, second) - 1; // the theme unfolds what scores as well as the first
    }
    const least = Math.max(0, ...data.items.map(([best]) => best.own)) / 4;
    data.items = data.items.filter(([best]) => best.like || best.own >= least).sort(([a], [b]) => byLikeness(a, b));
    const nothing = asked.length > 0 && !data.items.length;
    document.querySelector(".md-search")?.classList.toggle("nothing", nothing);
    if (nothing) offer();
  };

  const offer = () => { // an empty result names the sections instead
    if (document.querySelector(".md-search__offer")) return;
    const offered = document.createElement("nav");
    offered.className = "md-search__offer";
    offered.ariaLabel = "Sections";
    offered.append("Perhaps one of these:", ...[...document.querySelectorAll(".md-tabs__link")].map((tab) => tab.cloneNode(true)));
    for (const link of offered.children) link.className = "";
    document.querySelector(".md-search-result__list").before(offered);
  };

  window.ranking = {
    sent(message) {
      if (message?.type === SETUP) learn(message.data.docs);
      return message?.type === QUERY ? { ...message, data: plain(message.data) } : message;
    },
    received(message) {
      if (message.type === RESULT) improve(message.data);
    },
  };
  if (window.__index) Promise.resolve(window.__index).then(({ docs }) => learn(docs)); // a guide on a disk has its index in a script
}
