// The order of the search's hits. One wrong letter is forgiven, sections that hold the rare words of the question come
// first, whole or in its order, and each hit shows its section. An empty result offers the tabs.
// The entry of a pasted message (match.js) comes before all others.
{
  const [SETUP, QUERY, RESULT] = [0, 2, 3]; // types of the messages to and from the theme's search worker
  const sections = new Map(); // by address: how often each word is there, in its title, in its page's title, and word pairs
  const known = new Map(); // in how many sections a word is

  const split = (text) => text.replace(/<[^>]*>/g, " ").toLowerCase().split(/[^\p{L}\p{N}_]+/u).filter(Boolean);
  const SAME = { ddp: "distributeddataparallel", oom: "memory", amp: "autocast", cnn: "convolutional", lr: "rate" };
  const stem = (word) => (word.length < 4 ? word : word.replace(/(ations?|ing|ed|es|s|e)$/, "").replace(/([^s])\1$/, "$1"));
  const EMPTY = new Set("a an and are as at be been but by can cannot could did do does for from get has have how i if in instead into is it its me my no not of on or please should so than that the then there this to use used using was what when where which why will with work works write you your pytorch torch difference between much many need needs want make own way after before again".split(" ").map(stem));
  const pairs = (words) => words.slice(1).map((word, i) => `${words[i]} ${word}`);

  const learn = (docs) => {
    for (const store of [sections, known]) store.clear();
    match = window.matcher(docs);
    for (const { location, title, text, messages } of docs) {
      const [prose, code] = text.split("<p hidden>");
      const words = split(prose).map(stem);
      const counts = new Map();
      const heading = new Set(messages ? [] : split(title).map(stem)); // a message is about many things
      for (const word of split(code ?? "").map(stem)) counts.set(word, 0.4);
      for (const word of [...words, ...heading]) counts.set(word, (counts.get(word) ?? 0) + 1);
      for (const word of counts.keys()) known.set(word, (known.get(word) ?? 0) + 1);
      const page = sections.get(location.split("#")[0]);
      sections.set(location, { title, share: messages ? 0.6 : 1, counts, heading, above: page?.heading ?? heading, pairs: new Set(pairs(words)) });
    }
  };

  const near = (a, b) => { // equal but for one letter more, less, other, or two changed about
    let from = 0, to = 0;
    while (from < a.length && a[from] === b[from]) from++;
    while (to < Math.min(a.length, b.length) - from && a.at(-1 - to) === b.at(-1 - to)) to++;
    const [x, y] = [a.slice(from, a.length - to), b.slice(from, b.length - to)];
    return (x.length < 2 && y.length < 2) || (x.length === 2 && x === y[1] + y[0]);
  };
  const mended = (word) => {
    if (known.has(stem(word)) || word.length < 4) return known.has(stem(word)) ? word : (SAME[word] ?? word);
    const found = [...known.keys()].filter((other) => other.startsWith(word) || near(stem(word), other) || near(word, other));
    return found.sort((a, b) => known.get(b) - known.get(a))[0] ?? word;
  };
  const weight = (word) => (asked.some((other) => !EMPTY.has(other)) && EMPTY.has(word) ? 0.05 : Math.log(1 + sections.size / (known.get(word) ?? sections.size)));

  let [asked, match, found] = [[], null, null];
  // Whole words count as they are ("^1"), so that stop words and endings are treated as in the index; the last word
  // counts as a beginning too, for someone who is still typing.
  const plain = (text) => {
    found = match(text);
    const all = split(found.message);
    const best = [...found.likeness].sort((a, b) => b[1] - a[1]).slice(0, 3).flatMap(([location]) => split(sections.get(location).title).filter((word) => !EMPTY.has(stem(word))));
    const spoken = all.filter((word) => /\D/.test(word)); // the numbers in a message are the reader's own
    const words = (spoken.length ? spoken : all).map(mended);
    asked = words.map(stem);
    const rare = words.filter((word) => !EMPTY.has(stem(word))).sort((a, b) => weight(stem(b)) - weight(stem(a)));
    return [...best, ...(rare.length ? rare : words).slice(0, 12)].map((word) => `${word}^1`).concat(words.slice(-1)).join(" ");
  };

  const score = ({ location }) => {
    const { share, counts, heading, above, pairs: beside } = sections.get(location); // a lesson before an error about it
    const words = [...new Set(asked)].map((word) => {
      const times = counts.get(word) ?? 0;
      return weight(word) * ((times < 1 ? times : 1 + Math.log(times) / 3) + (heading.has(word) ? 2 : 0) + (above.has(word) ? 1 : 0));
    });
    const together = pairs(asked).map((pair) => (beside.has(pair) ? Math.max(...pair.split(" ").map(weight)) : 0));
    return [...words, ...together].reduce((sum, value) => sum + value, 0) * share;
  };

  const byLikeness = (a, b) => b.like - a.like || b.own - a.own;
  const improve = (data) => {
    for (const group of data.items) {
      for (const item of group) Object.assign(item, { own: score(item), like: found.likeness.get(item.location) ?? 0 });
      group.sort(byLikeness); // the theme unfolds what scores as well as the first
      group.forEach((item, i) => (item.score = -i));
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
