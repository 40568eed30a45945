// Which entry a pasted error message belongs to. Its numbers, shapes, paths and names are the reader's own, so what counts
// is how many of a known message's words, and pairs of words, it has, the rare ones more.
window.matcher = (docs) => {
  const [LIKE, SAID] = [0.45, 0.22]; // how like a known message a text must be, and one that says that it is an error
  const ERROR = /[\w.]*(?:Error|Exception|Warning|Unsupported|Exit)\b(?:: |$)/g;
  const words = (text) => text.toLowerCase().replace(/\S*[\\/]\S*|0x\w+/g, " ").match(/[a-z_]{2,}|\ba\b/g) ?? [];
  const parts = (text) => {
    const all = words(text);
    return new Set([...all, ...all.slice(1).map((word, i) => `${all[i]} ${word}`)]);
  };
  const known = []; // the parts of each message, whole and of its beginning
  const often = new Map(); // in how many messages a part is
  for (const { location, messages } of docs.filter((doc) => doc.messages)) {
    for (const text of messages) {
      const whole = parts(text);
      for (const part of whole) often.set(part, (often.get(part) ?? 0) + 1);
      known.push({ location, has: whole }, { location, has: parts(text.split(/\n|\. /)[0]) });
    }
  }
  const weight = (part) => (often.has(part) ? Math.log(1 + known.length / 2 / often.get(part)) * (part.includes(" ") ? 1 : 0.5) : 0);
  const sum = (some) => [...some].reduce((total, part) => total + weight(part), 0);
  for (const message of known) message.size = sum(message.has);

  // Return what of the text is the message, and how like it each entry is: by address, from 0 to 1.
  return (text) => {
    const starts = [0, ...[...text.matchAll(ERROR)].map(({ index }) => index)];
    let best = { most: 0, message: text, likeness: new Map() };
    for (const start of starts) {
      const message = text.slice(start);
      const [asked, likeness] = [parts(message), new Map()];
      const size = sum(asked);
      for (const { location, has, size: other } of known) {
        const like = (2 * sum([...asked].filter((part) => has.has(part)))) / (size + other);
        if (like > (likeness.get(location) ?? 0) && like > (starts.length > 1 ? SAID : LIKE)) likeness.set(location, like);
      }
      const most = Math.max(0, ...likeness.values());
      if (most > best.most) best = { most, message, likeness };
    }
    return best;
  };
};
