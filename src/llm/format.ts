import { z } from "zod";
import { AikoError } from "../errors.ts";
import type { JsonSchema, OutputFormat } from "./provider.ts";
import type { FormatInput } from "./request.ts";

export type Read = { readonly value: unknown } | { readonly problem: string };

/** What a format is to the model, and how its answer is read. */
export interface Format {
  readonly output: OutputFormat;
  /** The value, or what is wrong with the text, in words that a model understands. */
  read(text: string): Promise<Read>;
}

/** Throws INVALID_ARGUMENT for what is no format. */
export function formatOf(input: FormatInput): Format {
  if (input === "json") return { output: "json", read: async (text) => readJson(text) };
  if (typeof input !== "object" || input === null || Array.isArray(input)) throw noFormat(input);
  if (isZod(input)) return { output: jsonSchemaOf(input), read: (text) => readAs(text, input) };
  const schema = zodOf(input);
  const output: OutputFormat = input;
  return {
    output,
    read: async (text) => (schema === undefined ? readJson(text) : await readAs(text, schema)),
  };
}

function isZod(input: object): input is z.ZodType {
  return "_zod" in input && "safeParseAsync" in input;
}

function jsonSchemaOf(schema: z.ZodType): OutputFormat {
  try {
    const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
    return rest;
  } catch (cause) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The format cannot be written as a JSON schema: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "Use types that JSON has: objects, arrays, strings, numbers, booleans, null, enums.",
      cause,
    });
  }
}

/** The check of a JSON schema; undefined where it has keywords that zod does not know. */
function zodOf(schema: JsonSchema): z.ZodType | undefined {
  try {
    return z.fromJSONSchema(schema);
  } catch {
    return undefined;
  }
}

function readJson(text: string): Read {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: `it is not JSON (${error instanceof Error ? error.message : String(error)})` };
  }
}

async function readAs(text: string, schema: z.ZodType): Promise<Read> {
  const json = readJson(text);
  if ("problem" in json) return json;
  const { success, data, error } = await schema.safeParseAsync(json.value);
  return success ? { value: data } : { problem: z.prettifyError(error) };
}

function noFormat(input: unknown): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `format is ${JSON.stringify(input) ?? String(input)}`,
    hint: 'Use a zod schema, a JSON schema, or "json".',
  });
}
