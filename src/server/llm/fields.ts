import { z } from "zod";
import type { OutputFormat, Sampling } from "../../llm/index.ts";
import { keepAliveMs } from "./duration.ts";
import { RequestError } from "./failure.ts";

const deepest = 64;

/** The body as the schema has it. Throws a RequestError of 400 that names the field. */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  if (body === undefined) throw new RequestError(400, "missing request body");
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const at = fieldName(issue?.path ?? []);
  const problem = (issue?.message ?? "invalid").replace(/^Invalid input: /, "");
  const message = at === "" ? `the body: ${problem}` : `${at}: ${problem}`;
  throw new RequestError(400, message, { param: at });
}

/** "messages[0].content" */
export function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : `${text}${text && "."}${String(key)}`),
    "",
  );
}

export function badField(param: string, problem: string): RequestError {
  return new RequestError(400, `${param}: ${problem}`, { param });
}

/** What is null counts as left out. */
export const text = z.string().nullish();
export const flag = z.boolean().nullish();
export const number = z.number().nullish();
export const count = z.int().nullish();
export const object = z.record(z.string(), z.unknown());

export const keepAlive = z.union([z.number(), z.string()]).nullish();

export function keepAliveOf(value: z.output<typeof keepAlive>, otherwise: number | undefined) {
  if (value === undefined || value === null) return otherwise;
  const ms = keepAliveMs(value);
  if (ms === undefined)
    throw badField("keep_alive", `"${value}" is neither seconds nor a duration such as "5m"`);
  return ms;
}

/** A model that thinks in levels is asked to think. */
export const think = z.union([z.boolean(), z.enum(["low", "medium", "high", "max"])]).nullish();

export function thinkOf(value: z.output<typeof think>): boolean | undefined {
  return typeof value === "string" ? true : (value ?? undefined);
}

/** A picture, which was base64. */
export const image = z.instanceof(Uint8Array, { error: "not base64" });

export function formatOf(value: unknown): OutputFormat | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (value === "json") return "json";
  if (typeof value !== "object" || Array.isArray(value)) {
    throw badField("format", 'expected "json" or a JSON schema');
  }
  requireShallow(value, "format");
  return value as OutputFormat;
}

/** What is handed on is walked by functions that call themselves. */
export function requireShallow(value: unknown, param: string): void {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) throw badField(param, `nested more than ${deepest} deep`);
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
}

/** The settings that were given; nothing else, so that the model's own count. */
export function samplingOf(
  given: {
    readonly [K in keyof Sampling]: Sampling[K] | null;
  },
): Sampling | undefined {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined && value !== null);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
