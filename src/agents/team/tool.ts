import { z } from "zod";
import { AikoError } from "../../errors.ts";
import type { JsonSchema, ToolDefinition } from "../../llm/index.ts";
import { checkTimeout } from "./deadline.ts";
import type { TaskContext } from "./step.ts";
import { checkName } from "./text.ts";

export interface ToolOptions<A> {
  readonly name: string;
  /** What it does, for the model. */
  readonly description: string;
  /** Of the arguments: a `z.object`. What the model writes is checked against it. */
  readonly parameters: z.ZodType<A>;
  /** What it returns is what the model reads: a text, or anything as JSON. What it throws is told to the model. */
  execute(args: A, context: TaskContext): unknown;
  /** Whether a person has to agree first: the run waits with { approve, arguments } for true, false, or a text that says why not. */
  readonly needsApproval?:
    | boolean
    | ((args: A, context: TaskContext) => boolean | Promise<boolean>)
    | undefined;
  /** Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** The most characters of a result that the model reads. Default 16,384. */
  readonly maxResultLength?: number | undefined;
}

export interface Tool {
  readonly name: string;
  readonly timeoutMs: number;
  readonly maxResultLength: number;
  readonly definition: ToolDefinition;
  /** Checked arguments, or what is wrong with them. */
  parse(args: unknown): { readonly value: unknown } | { readonly problem: string };
  needsApproval(args: unknown, context: TaskContext): boolean | Promise<boolean>;
  execute(args: unknown, context: TaskContext): unknown;
}

/** A function that models may call. */
export function tool<A>(options: ToolOptions<A>): Tool {
  const {
    description,
    parameters,
    needsApproval = false,
    timeoutMs = 60_000,
    maxResultLength = 16_384,
  } = options;
  const name = checkName(options.name, "A tool");
  checkTimeout(timeoutMs, `the tool "${name}"`);
  const schema = jsonSchemaOf(parameters, `The parameters of the tool "${name}"`);
  if (schema["type"] !== "object") {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The parameters of the tool "${name}" are of type ${JSON.stringify(schema["type"])}, not an object`,
      hint: "Use z.object({ ... }).",
    });
  }
  return {
    name,
    timeoutMs,
    maxResultLength,
    definition: { name, description, parameters: schema },
    parse: (args) => {
      const parsed = parameters.safeParse(args);
      return parsed.success ? { value: parsed.data } : { problem: z.prettifyError(parsed.error) };
    },
    needsApproval: (args, context) =>
      typeof needsApproval === "function" ? needsApproval(args as A, context) : needsApproval,
    execute: (args, context) => options.execute(args as A, context),
  };
}

/** Rejects schemas that cannot be told to a model. */
export function jsonSchemaOf(schema: z.ZodType, what: string): JsonSchema {
  try {
    const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
    return rest;
  } catch (cause) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${what} cannot be written as a JSON schema`,
      hint: "Transforms, dates, maps and the like have none: use plain JSON types.",
      cause,
    });
  }
}
