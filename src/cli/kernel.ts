import { suggest } from "../core/suggest.ts";
import { discover } from "../device/index.ts";
import { AikoError, isAikoError } from "../errors.ts";
import { entryPoints, type ModuleTranslation, type Target, translateModule } from "../wgsl/index.ts";
import { checkOnDevices, type DeviceCheck } from "./check.ts";
import { type Command, type Invocation, UsageError } from "./command.ts";
import { readText } from "./input-file.ts";
import { formatMs, table } from "./table.ts";

const targets: readonly Target[] = ["opencl", "cuda", "webgpu"];

export const kernel: Command = {
  usage: `Usage: aikoryu kernel FILE.wgsl [options]        (- reads standard input)

Translates every @compute function of a WGSL file, or compiles it on every
device present.

  --target opencl|cuda|webgpu
                           what to translate to (default opencl)
  --entry NAME             only this @compute function
  --constant NAME=VALUE    value of an override; may be repeated
  --unchecked              leave out-of-bounds clamping away
  --check                  compile on every device and report each
  --json                   code, kernel name, workgroup size and bindings
`,
  options: {
    target: { type: "string" },
    entry: { type: "string" },
    constant: { type: "string", multiple: true },
    unchecked: { type: "boolean" },
    check: { type: "boolean" },
  },
  async run(invocation) {
    const [file, ...more] = invocation.positionals;
    if (file === undefined) throw new UsageError("kernel needs a WGSL file", "See: aikoryu kernel --help");
    if (more.length > 0) throw new UsageError(`kernel takes one file, not ${more.length + 1}`);
    const target = targetOf(invocation.text("target"));
    const constants = constantsOf(invocation.texts("constant"));
    const options = { constants, unchecked: invocation.flag("unchecked") };
    const source = await readText(file);
    const name = file === "-" ? "<stdin>" : file;
    const entry = invocation.text("entry");
    const isChecked = invocation.flag("check");
    const translation = locate(name, () => {
      try {
        return translateModule(source, target, { ...options, entryPoint: entry });
      } catch (error) {
        if (isChecked && invocation.text("target") === undefined && isAikoError(error, "UNSUPPORTED"))
          return undefined;
        throw error;
      }
    });
    const checks = isChecked
      ? await checkOnDevices(
          (await discover()).adapters,
          source,
          entry === undefined ? entryPoints(source) : [entry],
          options,
          invocation.terminal,
        )
      : undefined;
    show(invocation, name, translation, checks);
    return checks?.some(({ status }) => status === "failed") ? 1 : 0;
  },
};

function targetOf(given: string | undefined): Target {
  if (given === undefined) return "opencl";
  const target = targets.find((name) => name === given);
  if (target !== undefined) return target;
  const near = suggest(given, targets);
  throw new UsageError(
    `There is no target "${given}"`,
    `${near === undefined ? "" : `Did you mean ${near}? `}Targets: ${targets.join(", ")}`,
  );
}

function constantsOf(given: readonly string[]): Record<string, number | bigint | boolean> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
      const number = value === "true" ? true : value === "false" ? false : numberOf(value ?? "NaN");
      if (name === undefined || (typeof number === "number" && !Number.isFinite(number)))
        throw new UsageError(`--constant ${text} is not NAME=VALUE`, "Example: --constant chunk=64");
      return [name, number];
    }),
  );
}

/** Integers past 2^53 are bigints, so that 64-bit constants stay exact. */
function numberOf(text: string): number | bigint {
  const number = Number(text);
  return Number.isInteger(number) && !Number.isSafeInteger(number) && /^-?\d+$/.test(text)
    ? BigInt(text)
    : number;
}

/** An error of the kernel text that also says which file it stands in. */
class KernelFileError extends AikoError {
  readonly file: string;
  readonly position: { readonly line?: number; readonly column?: number };

  constructor(file: string, error: AikoError & { readonly line?: number; readonly column?: number }) {
    const separator = error.line === undefined ? ": " : ":";
    super(error.code, { message: `${file}${separator}${error.message}`, hint: error.hint, cause: error });
    this.file = file;
    this.position =
      error.line === undefined || error.column === undefined
        ? {}
        : { line: error.line, column: error.column };
  }

  override toJSON() {
    return { ...super.toJSON(), file: this.file, ...this.position };
  }
}

function locate<Result>(file: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (isAikoError(error, "INVALID_KERNEL") || isAikoError(error, "UNSUPPORTED"))
      throw new KernelFileError(file, error);
    throw error;
  }
}

function show(
  { terminal, text }: Invocation,
  file: string,
  translation: ModuleTranslation | undefined,
  checks: readonly DeviceCheck[] | undefined,
): void {
  terminal.json({ file, ...translation, ...(checks === undefined ? {} : { checks }) });
  if (translation !== undefined && (checks === undefined || text("target") !== undefined)) {
    terminal.print(translation.code.trimEnd());
  }
  if (checks === undefined) return;
  const rows = checks.map((check) => [
    check.device,
    check.entryPoint,
    check.status,
    check.ms === undefined ? "" : `${formatMs(check.ms)} ms${check.cached ? " (cached)" : ""}`,
    check.message?.split("\n")[0] ?? "",
  ]);
  const titles = [{ title: "device" }, { title: "kernel" }, { title: "status" }, { title: "time" }];
  for (const line of table([...titles, { title: "", wrap: true }], rows, terminal.columns))
    terminal.print(line);
}
