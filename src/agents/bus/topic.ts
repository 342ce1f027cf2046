import { AikoError } from "../../errors.ts";

const longest = 1_024;
const word = /^[^\s.*>\p{Cc}]+$/u;

/** Throws INVALID_ARGUMENT for what is no topic: words between dots, without spaces, "*" and ">". */
export function assertTopic(topic: string): void {
  if (topic.length <= longest && topic.split(".").every((part) => word.test(part))) return;
  throw invalid("topic", topic, 'A topic is words between dots, like "logs.nginx.error".');
}

/** Throws INVALID_ARGUMENT for what is no pattern: a topic in which "*" is one word and a last ">" is one or more. */
export function assertPattern(pattern: string): void {
  const words = pattern.split(".");
  const fine = words.every(
    (part, at) => word.test(part) || part === "*" || (part === ">" && at === words.length - 1),
  );
  if (fine && pattern.length <= longest) return;
  throw invalid("pattern", pattern, '"*" stands for one whole word, ">" at the end for one or more.');
}

/** Throws INVALID_ARGUMENT for what is not one word of a topic. */
export function assertWord(what: string, text: string): void {
  if (text.length <= longest && word.test(text)) return;
  throw invalid(what, text, 'It is one word of a topic: no spaces, dots, "*" or ">".');
}

const reserved = ["agent", "everyone", "dead", "reply", "cancel"];

/** Whether a pattern matches everything in its first word, and so also topics of the bus itself that it does not mean. */
export function isTooWide(pattern: string, topic: string): boolean {
  if (!pattern.startsWith("*") && !pattern.startsWith(">")) return false;
  const end = topic.indexOf(".");
  return reserved.includes(end === -1 ? topic : topic.slice(0, end));
}

export function isPattern(pattern: string): boolean {
  return pattern.endsWith(">") || /(^|\.)\*(\.|$)/.test(pattern);
}

export function matches(pattern: string, topic: string): boolean {
  const words = topic.split(".");
  const parts = pattern.split(".");
  for (let at = 0; at < parts.length; at++) {
    if (parts[at] === ">") return words.length > at;
    if (at >= words.length || (parts[at] !== "*" && parts[at] !== words[at])) return false;
  }
  return words.length === parts.length;
}

function invalid(what: string, text: string, hint: string): AikoError {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return new AikoError("INVALID_ARGUMENT", { message: `${JSON.stringify(shown)} is no ${what}`, hint });
}
