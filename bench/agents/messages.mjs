const syllables = "ba be bi da de di ka ke ki la le lo ma me mo na ne no ra re ri sa se so ta te to".split(
  " ",
);

/** @param {number} seed @returns {() => number} */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** @param {() => number} random @param {number} least @param {number} most */
function wordOf(random, least, most) {
  const length = least + Math.floor(random() * (most - least + 1));
  return Array.from({ length }, () => syllables[Math.floor(random() * syllables.length)]).join("");
}

/** Texts to ban: words of five to nine syllables. @param {number} count */
export function wordsOf(count) {
  const random = seeded(count);
  return Array.from({ length: count }, () => wordOf(random, 5, 9));
}

/**
 * Log lines of 200 to 2,000 characters, of which few break each rule.
 * @param {number} count @param {readonly string[]} banned
 */
export function messagesOf(count, banned) {
  const random = seeded(7);
  return Array.from({ length: count }, (_, at) => {
    const length = 200 + Math.floor(random() * 1800);
    let text = `${["INFO", "WARN", "ERROR", "NOTE"][at % 100 === 99 ? 3 : at % 3]} 2026-11-23 `;
    while (text.length < length) text += `${wordOf(random, 1, 4)}${random() < 0.05 ? ", " : " "}`;
    if (at % 50 === 7) text += " 123-45-6789";
    if (at % 70 === 9) text += banned[at % banned.length]?.toUpperCase();
    if (at % 90 === 3) text += "é";
    return text;
  });
}

/** The same rules in plain JavaScript. @param {readonly string[]} banned */
export function chainOf(banned) {
  const start = /^(?:INFO|WARN|ERROR) \d{4}-\d{2}-\d{2} /;
  const number = /\b\d{3}-\d{2}-\d{4}\b/;
  const printable = /^[\x20-\x7e\t\n\r]*$/;
  const any = new RegExp(banned.join("|"), "i");
  const common = [
    (/** @type {string} */ message) => message.length <= 2050,
    (/** @type {string} */ message) => printable.test(message),
    (/** @type {string} */ message) => start.test(message),
    (/** @type {string} */ message) => !number.test(message),
  ];
  return {
    start,
    number,
    functions: [
      ...common,
      (/** @type {string} */ message) => {
        const lower = message.toLowerCase();
        return !banned.some((text) => lower.includes(text));
      },
    ],
    expressions: [...common, (/** @type {string} */ message) => !any.test(message)],
  };
}
