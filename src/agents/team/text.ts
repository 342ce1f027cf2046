import { AikoError } from "../../errors.ts";

/** At most so many characters; what was cut off is said. */
export function bounded(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)} [${text.length - most} characters cut off]`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const namePattern = /^(?!__proto__$)[\w-]{1,64}$/;

/** What models write as the name of a function. */
export function checkName(name: unknown, what: string): string {
  if (typeof name === "string" && namePattern.test(name)) return name;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${what} cannot be called ${JSON.stringify(name)}`,
    hint: "Names are 1 to 64 letters, digits, _ and -.",
  });
}

export function checkUnique(names: readonly string[], what: string): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new AikoError("INVALID_ARGUMENT", { message: `There are two ${what} called "${twice}"` });
  }
}

export function checkCount(value: number, least: number, what: string): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new AikoError("INVALID_ARGUMENT", { message: `${what} is ${value}, not an integer from ${least}` });
}
