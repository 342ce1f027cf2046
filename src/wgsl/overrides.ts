import { AikoError, isAikoError } from "../errors.ts";
import { KernelError } from "./diagnostics.ts";
import { evaluate } from "./evaluate/evaluate.ts";
import { type Data, nearest, settle } from "./evaluate/value.ts";
import type { EntryPoint, Expression, Override, Program } from "./ir.ts";
import { bool, isInteger, isScalar, typeName } from "./types.ts";

/** Values for overrides, by name or by `@id`. */
export type Constants = Readonly<Record<string, number | bigint | boolean>>;

/** Gives every override its value: the caller's, or its own initial value. Only those the entry points use must have one. */
export function resolveOverrides(
  program: Program,
  entries: readonly EntryPoint[],
  constants: Constants,
): void {
  const known = new Set(program.overrides.map(key));
  for (const name of Object.keys(constants)) {
    if (known.has(name)) continue;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `there is no override '${name}'`,
      hint: known.size === 0 ? "This kernel declares no overrides." : `There is: ${[...known].join(", ")}.`,
    });
  }
  for (const override of program.overrides) {
    const given = constants[key(override)];
    override.data = given === undefined ? computed(program, override.initializer) : fitted(override, given);
    if (override.data === undefined && entries.some((entry) => entry.function.overrides.has(override))) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `the override '${override.name}' has no value`,
        hint: `Give it one: constants: { ${JSON.stringify(key(override))}: … }.`,
      });
    }
  }
}

/** Overrides with an `@id` are named by it, as WebGPU does. */
function key(override: Override): string {
  return override.id === undefined ? override.name : String(override.id);
}

/** The value of an override expression; arithmetic that fails for these overrides is placed in the text. */
function computed(program: Program, expression: Expression | undefined): Data | undefined {
  try {
    return expression && evaluate(expression);
  } catch (error) {
    if (expression === undefined || error instanceof KernelError) throw error;
    if (!isAikoError(error, "INVALID_KERNEL")) throw error;
    throw new KernelError(program.source, expression.span, error.message);
  }
}

function fitted({ name, type }: Override, given: Constants[string]): Data {
  const refuse = (hint?: string) =>
    new AikoError("INVALID_ARGUMENT", {
      message: `the override '${name}' is ${typeName(type)}, got ${given}`,
      hint,
    });
  if (type === bool || !isScalar(type)) return Boolean(given);
  if (!isInteger(type)) {
    const data = nearest(type, given);
    if (!Number.isFinite(data)) throw refuse();
    return data;
  }
  if (typeof given === "number" && !Number.isInteger(given)) throw refuse();
  if (typeof given === "number" && !Number.isSafeInteger(given))
    throw refuse("Past 2^53 a number is not exact: pass a bigint.");
  const data = settle(type, BigInt(given));
  if (BigInt(data) !== BigInt(given)) throw refuse();
  return data;
}

export function evaluateWorkgroupSize(
  program: Program,
  entry: EntryPoint,
): readonly [number, number, number] {
  const sizes = entry.workgroupSize.map((expression) => {
    const size = Number(computed(program, expression) ?? Number.NaN);
    if (!(size >= 1))
      throw new KernelError(
        program.source,
        expression.span,
        "a workgroup size must be known and at least 1",
        "Give the overrides it uses a value.",
      );
    return size;
  });
  return [sizes[0] ?? 1, sizes[1] ?? 1, sizes[2] ?? 1];
}
