import type { Automaton, LengthTest, WideAutomaton } from "../../kernels/text/index.ts";
import { javascriptEngine } from "../../runtime/javascript/index.ts";
import type { ScanPart, ScanSpec } from "./compile-task.ts";
import { Held } from "./held.ts";
import type { Field } from "./message.ts";
import type { RangeRule, TextRule } from "./rules.ts";
import type { ClassRule, Metric, NearRule, VectorRule } from "./vector-rules.ts";

/** Rules that devices can do. */
export type FastRule = TextRule | RangeRule | VectorRule;

/** A step over the rows that are left. It fails rows with codes from `code` on. */
export type Stage = { readonly code: number } & (
  | { readonly kind: "length"; readonly test: LengthTest }
  | {
      readonly kind: "scan";
      readonly automaton: Automaton;
      /** For the CPU. */
      readonly wide: WideAutomaton | undefined;
      /** u32 */
      readonly classes: Held<Uint32Array>;
      readonly table: Held<Uint32Array>;
    }
  /** What no automaton can do. */
  | {
      readonly kind: "expression";
      readonly source: string;
      readonly flags: string;
      readonly wanted: boolean;
      readonly reason: string;
    }
  | { readonly kind: "range"; readonly column: number; readonly least: number; readonly most: number }
  | {
      readonly kind: "near";
      readonly column: number;
      readonly centroids: Held<Float32Array>;
      readonly width: number;
      readonly metric: Metric;
      readonly threshold: number;
      readonly far: boolean;
    }
  | {
      readonly kind: "classify";
      readonly column: number;
      readonly layers: readonly HeldLayer[];
      readonly classAt: number;
      readonly least: number;
      readonly most: number;
    }
);

export interface HeldLayer {
  readonly weights: Held<Float32Array>;
  readonly biases: Held<Float32Array>;
  readonly inputs: number;
  readonly outputs: number;
  readonly norm: number;
}

/** A column that is made of a field of the messages: f64 numbers, or f32 vectors of a width. */
export interface ColumnSpec {
  readonly field: Field;
  readonly width: number | undefined;
}

let programs = 0;

/** Rules as stages, in their order. */
export class Program implements Disposable {
  /** Programs of one id are the same. */
  readonly id: string = `program ${++programs}`;
  readonly stages: readonly Stage[];
  readonly columns: readonly ColumnSpec[];
  /** Of each code but 0: which of the rules it is. */
  readonly rules: readonly number[];
  readonly hasTexts: boolean;
  readonly hasScores: boolean;
  /** Why only the CPU can do it. */
  readonly lacking: string | undefined;

  constructor(stages: readonly Stage[], columns: readonly ColumnSpec[], rules: readonly number[]) {
    this.stages = stages;
    this.columns = columns;
    this.rules = rules;
    const kinds = new Set(stages.map(({ kind }) => kind));
    this.hasTexts = kinds.has("length") || kinds.has("scan") || kinds.has("expression");
    this.hasScores = kinds.has("near") || kinds.has("classify");
    for (const stage of stages) if (stage.kind === "expression") this.lacking ??= stage.reason;
  }

  /** What devices need of it besides the batch. */
  held(): readonly Held[] {
    return this.stages.flatMap((stage): readonly Held[] => {
      if (stage.kind === "scan") return [stage.classes, stage.table];
      if (stage.kind === "near") return [stage.centroids];
      if (stage.kind === "classify") return stage.layers.flatMap(({ weights, biases }) => [weights, biases]);
      return [];
    });
  }

  dispose(): void {
    for (const held of this.held()) held.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const module = new URL("./compile-task.js", import.meta.url).href;

/** Compiles rules on another thread: automata can take a while. */
export async function compileProgram(rules: readonly FastRule[]): Promise<Program> {
  const stages: Stage[] = [];
  const columns: ColumnSpec[] = [];
  const owners: number[] = [];
  const code = (rule: number) => owners.push(rule);
  const columnOf = (field: Field, width?: number) => {
    const at = columns.findIndex((column) => column.field === field && column.width === width);
    return at < 0 ? columns.push({ field, width }) - 1 : at;
  };
  for (let at = 0; at < rules.length; at++) {
    const rule = rules[at];
    if (rule === undefined) break;
    if (rule.kind === "length") {
      const { least, most, unit } = rule;
      stages.push({ kind: "length", code: code(at), test: { least, most, unit } });
    } else if (rule.kind === "range") {
      const { least, most, field } = rule;
      stages.push({ kind: "range", code: code(at), column: columnOf(field), least, most });
    } else if (rule.kind === "near") {
      stages.push(nearStage(rule, code(at), columnOf(rule.field, rule.width)));
    } else if (rule.kind === "classify") {
      stages.push(classStage(rule, code(at), columnOf(rule.field, rule.width)));
    } else {
      const specs: ScanSpec[] = [];
      for (let next = rules[at]; next !== undefined && isScan(next); next = rules[at + specs.length]) {
        specs.push(specOf(next));
      }
      for (const part of await compileScans(specs)) stages.push(scanStage(part, specs, at, code));
      at += specs.length - 1;
    }
  }
  return new Program(stages, columns, owners);
}

async function compileScans(specs: readonly ScanSpec[]): Promise<readonly ScanPart[]> {
  const { value } = await javascriptEngine.run({
    module,
    name: "compileScans",
    arrays: [],
    parameters: specs,
  });
  return value as readonly ScanPart[];
}

type ScanRule = Exclude<TextRule, { readonly kind: "length" }>;

function isScan(rule: FastRule): rule is ScanRule {
  return rule.kind === "charset" || rule.kind === "regex" || rule.kind === "banned";
}

/** Without what cannot be sent to another thread. */
function specOf(rule: ScanRule): ScanSpec {
  const { explain: _explain, name: _name, ...spec } = rule;
  return spec;
}

function scanStage(
  part: ScanPart,
  specs: readonly ScanSpec[],
  first: number,
  code: (rule: number) => number,
): Stage {
  if ("automaton" in part) {
    const { automaton, wide } = part;
    const codes = part.specs.map((spec) => code(first + spec));
    return {
      kind: "scan",
      code: codes[0] ?? 0,
      automaton,
      wide,
      classes: new Held(Uint32Array.from(automaton.classes), "classes of bytes"),
      table: new Held(automaton.table, "automaton"),
    };
  }
  const spec = specs[part.spec];
  const { source, flags, wanted } = spec?.kind === "regex" ? spec : { source: "", flags: "", wanted: true };
  return { kind: "expression", code: code(first + part.spec), source, flags, wanted, reason: part.reason };
}

function nearStage(rule: NearRule, code: number, column: number): Stage {
  const { centroids, width, metric, threshold, far } = rule;
  return {
    kind: "near",
    code,
    column,
    centroids: new Held(centroids, "centroids"),
    width,
    metric,
    threshold,
    far,
  };
}

function classStage(rule: ClassRule, code: number, column: number): Stage {
  const { classAt, least, most } = rule;
  const layers = rule.layers.map(({ weights, biases }): HeldLayer => {
    const outputs = biases.length;
    const inputs = weights.length / outputs;
    return {
      weights: new Held(weights, "weights"),
      biases: new Held(biases, "biases"),
      inputs,
      outputs,
      norm: longest(weights, biases),
    };
  });
  return { kind: "classify", code, column, layers, classAt, least, most };
}

/** Of the columns of weights, with their biases. */
function longest(weights: Float32Array, biases: Float32Array): number {
  const squares = Float64Array.from(biases, (bias) => bias * bias);
  for (const [at, weight] of weights.entries()) {
    const column = at % biases.length;
    squares[column] = (squares[column] ?? 0) + weight * weight;
  }
  return Math.sqrt(Math.max(...squares)) * 1.001;
}
