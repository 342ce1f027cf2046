import { alignUp } from "../core/bytes.ts";
import { AikoError } from "../errors.ts";
import { check } from "./check/module.ts";
import { bindingOrder, emitC } from "./emit/c/module.ts";
import { cuda, cudaOptions } from "./emit/cuda/dialect.ts";
import { opencl } from "./emit/opencl/dialect.ts";
import { emitWgsl } from "./emit/wgsl/module.ts";
import type { EntryPoint, Program, Variable } from "./ir.ts";
import { layoutOf, minimumBindingSize, runtimeArray } from "./layout.ts";
import { lowerWideIntegers } from "./lower/lower.ts";
import { type Constants, evaluateWorkgroupSize, resolveOverrides } from "./overrides.ts";
import { parse } from "./parser/module.ts";
import { requirements } from "./requirements.ts";

export type Target = "webgpu" | "opencl" | "cuda";

export type BindingAccess = "uniform" | "read" | "read_write";

/** One `@group @binding` variable that a kernel uses. */
export interface KernelBinding {
  readonly name: string;
  readonly group: number;
  readonly binding: number;
  readonly access: BindingAccess;
  /** Smallest region that may be bound, in bytes; for a runtime-sized array, room for one element. */
  readonly minByteLength: number;
  /** Bytes of one element of the trailing runtime-sized array, or `undefined` when the size is fixed. */
  readonly elementStride: number | undefined;
  /** Bytes before that array: the number of elements bound is floor((bytes - elementOffset) / elementStride). */
  readonly elementOffset: number;
}

export interface TranslateOptions {
  /** Which `@compute` function; may be left out when there is only one. */
  readonly entryPoint?: string | undefined;
  /** Values for `override` declarations, by name or by `@id`. */
  readonly constants?: Constants | undefined;
  /** Leaves out-of-bounds clamping away. */
  readonly unchecked?: boolean | undefined;
  /** Lets the compiler fuse `a * b + c`. */
  readonly contract?: boolean | undefined;
  /** Declares every read-only storage buffer read_write (WebGPU: views of one buffer bound both ways in a dispatch). */
  readonly promoteReads?: boolean | undefined;
  /** Loops that are not plainly counted also stop when the host raises a flag; adds a last kernel argument (OpenCL, CUDA). */
  readonly watchdog?: boolean | undefined;
}

export interface Translation {
  readonly target: Target;
  /** The text for the target's own compiler. */
  readonly code: string;
  /** What that compiler must be told beside the text: CUDA has no pragma against fused multiply-adds. */
  readonly compilerOptions: readonly string[];
  /** The entry point's name in WGSL. */
  readonly entryPoint: string;
  /** The entry point's name in `code`. */
  readonly kernelName: string;
  readonly workgroupSize: readonly [number, number, number];
  /** Bytes of workgroup memory the kernel declares. */
  readonly workgroupBytes: number;
  /**
   * The bindings the entry point uses, by group then binding. The OpenCL or CUDA kernel takes, in this order: one pointer
   * per binding; then one `uint` per binding that has an `elementStride`, the number of elements bound; then, with
   * `watchdog`, a `volatile uint*` that stops it when it becomes non-zero.
   */
  readonly bindings: readonly KernelBinding[];
  readonly requires: ReadonlySet<"f16" | "f64" | "i64" | "subgroups">;
}

/** Parses, checks and translates one entry point. Throws INVALID_KERNEL with line and column, or UNSUPPORTED. */
export function translate(source: string, target: Target, options: TranslateOptions = {}): Translation {
  return withinDepth(() => {
    const program = check(parse(source));
    const entry = chooseEntryPoint(program, options.entryPoint);
    const { code, kernels } = emit(program, [entry], target, options);
    const [kernel] = kernels;
    if (kernel === undefined)
      throw new AikoError("INTERNAL", { message: `${entry.name} was not translated` });
    return { ...kernel, code };
  });
}

/** The compiler recurses as deep as the text nests; past what the stack holds, the text is refused. */
function withinDepth<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AikoError("INVALID_KERNEL", {
      message: "the kernel nests too deeply to be compiled",
      hint: "Split long expressions into several statements.",
      cause: error,
    });
  }
}

/** All compute entry points of a WGSL text, or the one named, in one text for the target's compiler. */
export interface ModuleTranslation {
  readonly target: Target;
  readonly code: string;
  /** What `translate` says of each, less the code they share. */
  readonly kernels: readonly Omit<Translation, "code">[];
}

/** Like `translate`, for every entry point at once. */
export function translateModule(
  source: string,
  target: Target,
  options: TranslateOptions = {},
): ModuleTranslation {
  return withinDepth(() => {
    const program = check(parse(source));
    const single = options.entryPoint !== undefined || program.entryPoints.length < 2;
    const entries = single ? [chooseEntryPoint(program, options.entryPoint)] : program.entryPoints;
    return { target, ...emit(program, entries, target, options) };
  });
}

function emit(
  checked: Program,
  chosen: readonly EntryPoint[],
  target: Target,
  options: TranslateOptions,
): Omit<ModuleTranslation, "target"> {
  resolveOverrides(checked, chosen, options.constants ?? {});
  const needed = chosen.map((entry) => requirements(checked, entry, target));
  const { program, entries } =
    target === "webgpu" ? lowerWideIntegers(checked, chosen) : { program: checked, entries: chosen };
  const sized = entries.map((entry) => ({ entry, workgroupSize: evaluateWorkgroupSize(program, entry) }));
  const { code, kernelNames } =
    target === "webgpu"
      ? emitWgsl(program, entries, { promoteReads: options.promoteReads === true })
      : emitC(target === "cuda" ? cuda : opencl, program, sized, {
          unchecked: options.unchecked === true,
          contract: options.contract === true,
          watchdog: options.watchdog === true,
        });
  const kernels = sized.map(({ entry, workgroupSize }, index) => {
    const globals = program.globals.filter((variable) => entry.function.globals.has(variable));
    return {
      target,
      compilerOptions: target === "cuda" ? cudaOptions(options.contract === true) : [],
      entryPoint: entry.name,
      kernelName: kernelNames[index] ?? entry.name,
      workgroupSize,
      workgroupBytes: globals
        .filter((variable) => variable.space === "workgroup")
        .reduce((sum, variable) => sum + alignUp(layoutOf(variable.type).size, 16), 0),
      bindings: bindingOrder(globals).map(describeBinding),
      requires: needed[index] ?? new Set(),
    };
  });
  return { code, kernels };
}

/** The names of the compute entry points in a WGSL text. Throws INVALID_KERNEL. */
export function entryPoints(source: string): string[] {
  return withinDepth(() => check(parse(source)).entryPoints.map((entry) => entry.name));
}

function chooseEntryPoint(program: Program, name: string | undefined): EntryPoint {
  const [first, second] = program.entryPoints;
  const names = program.entryPoints.map((entry) => entry.name).join(", ");
  if (first === undefined) {
    throw new AikoError("INVALID_KERNEL", {
      message: "there is no compute entry point",
      hint: "Mark a function: @compute @workgroup_size(64).",
    });
  }
  if (name === undefined) {
    if (second === undefined) return first;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `there are several entry points: ${names}`,
      hint: "Choose one with entryPoint.",
    });
  }
  const chosen = program.entryPoints.find((entry) => entry.name === name);
  if (chosen === undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `there is no compute entry point '${name}'`,
      hint: `There is: ${names}.`,
    });
  }
  return chosen;
}

function describeBinding(variable: Variable): KernelBinding {
  const tail = runtimeArray(variable.type);
  return {
    name: variable.name,
    group: variable.group ?? 0,
    binding: variable.binding ?? 0,
    access: variable.space === "uniform" ? "uniform" : variable.access === "read" ? "read" : "read_write",
    minByteLength: minimumBindingSize(variable.type),
    elementStride: tail?.stride,
    elementOffset: tail?.offset ?? 0,
  };
}
