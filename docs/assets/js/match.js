// Which entry a pasted error message belongs to. Its numbers, shapes, paths and names are the reader's own, so what counts
// is how many of a known message's words, and pairs of words, it has, the rare ones more.
window.matcher = (docs) => {
  const [LIKE, LONG, LEAST] = [0.5, 20, 0.35]; // how like a known message a text must be, and one that shares much with it
  const ERROR = /[\w.]*(?:Error|Exception|Warning|Unsupported|Exit)\b(?:: |$)/g;
  const parts = (text) => {
    const words = text.toLowerCase().replace(/\S*[\\/]\S*|0x\w+/g, " ").match(/[a-z_]{2,}|\ba\b/g) ?? [];
    return new Set([...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)]);
  };
  const known = []; // the parts of each message, whole and of its beginning; an entry's first message is its own the most
  const often = new Map(); // in how many messages a part is
  for (const { location, messages = [] } of docs) {
    for (const [rank, text] of messages.entries()) {
      const whole = parts(text);
      for (const part of whole) often.set(part, (often.get(part) ?? 0) + 1);
      for (const has of [whole, parts(text.split(/\n|\. /)[0])]) known.push({ location, has, own: 1 - rank / 1000 });
    }
  }
  const weight = (part) => (often.has(part) ? Math.log(1 + known.length / 2 / often.get(part)) * (part.includes(" ") ? 1 : 0.5) : 0);
  const sum = (some) => [...some].reduce((total, part) => total + weight(part), 0);
  for (const message of known) message.size = sum(message.has);
  // Return what of the text is the message, and how like it each entry is: by address, from 0 to 1.
  return (text) => {
    const starts = [0, ...[...text.matchAll(ERROR)].map(({ index }) => index)];
    let best = { most: 0, message: text, likeness: new Map() };
    for (const message of starts.map((start) => text.slice(start))) {
      const [asked, likeness] = [parts(message), new Map()];
      const all = sum(asked);
      for (const { location, has, size, own } of known) {
        const shared = [...asked].filter((part) => has.has(part));
        const like = (own * 2 * sum(shared)) / (size + all);
        const enough = shared.length > LONG ? LEAST : LIKE;
        if (like > Math.max(enough, likeness.get(location) ?? 0)) likeness.set(location, like);
      }
      const most = Math.max(0, ...likeness.values());
      if (most > best.most) best = { most, message, likeness: new Map([...likeness].filter(([, like]) => like > 0.8 * most)) };
    }
    return best;
  };
};
