import { AikoError } from "../../errors.ts";
import { type Field, fieldOf, type Message, shown, vectorOf } from "./message.ts";

interface VectorRuleBase {
  readonly name: string;
  readonly field: Field;
  /** Numbers of each vector. */
  readonly width: number;
  readonly explain: (message: Message, score: number) => string;
}

export type Metric = "l2" | "cosine";

/** Of a vector: how far it is from the nearest centroid. */
export interface NearRule extends VectorRuleBase {
  readonly kind: "near";
  /** [centroids, width] */
  readonly centroids: Float32Array;
  readonly metric: Metric;
  readonly threshold: number;
  readonly far: boolean;
}

/** A dense layer: weights [inputs, outputs], row-major. All but the last are rectified (ReLU). */
export interface Layer {
  readonly weights: Float32Array;
  readonly biases: Float32Array;
}

/** Of a vector: how probable a class is by a small network. */
export interface ClassRule extends VectorRuleBase {
  readonly kind: "classify";
  readonly layers: readonly Layer[];
  readonly classAt: number;
  readonly least: number;
  readonly most: number;
}

export type VectorRule = NearRule | ClassRule;

export interface NearOptions {
  /** Default "cosine": 1 minus the cosine, 0 to 2. */
  readonly metric?: Metric | undefined;
}

type Centroids = ArrayLike<number> | readonly ArrayLike<number>[];

/** A vector of a field that has to be within a distance of a centroid, or of one of several. */
export function near(
  field: Field,
  centroids: Centroids,
  distance: number,
  options: NearOptions = {},
): NearRule {
  return distanceRule("near", field, centroids, distance, options);
}

/** A vector of a field that must not be nearer to any centroid than a distance. */
export function far(
  field: Field,
  centroids: Centroids,
  distance: number,
  options: NearOptions = {},
): NearRule {
  return distanceRule("far", field, centroids, distance, options);
}

function distanceRule(
  kind: "near" | "far",
  field: Field,
  centroids: Centroids,
  threshold: number,
  { metric = "cosine" }: NearOptions,
): NearRule {
  const name = titleOf(kind, field);
  const isOne = typeof centroids[0] === "number";
  const rows = isOne
    ? [centroids as ArrayLike<number>]
    : Array.from(centroids as readonly ArrayLike<number>[]);
  const width = rows[0]?.length ?? 0;
  if (width === 0 || rows.some((row) => row.length !== width)) {
    throw invalid(
      `${name} has centroids of no or different lengths`,
      "Pass one vector, or several of one length.",
    );
  }
  const all = Float32Array.from(rows.flatMap((row) => Array.from(row)));
  if (!all.every(Number.isFinite))
    throw invalid(`${name} has a centroid that is not finite`, "Check its numbers.");
  if (!(threshold >= 0)) throw invalid(`${name} has the distance ${threshold}`, "Pass a number from 0 on.");
  const explain: NearRule["explain"] = (message, score) =>
    wrongVector(message, field, width) ??
    `is at a ${metric} distance of ${score.toPrecision(4)}, ${kind === "far" ? "not above" : "more than"} ${threshold}`;
  return {
    kind: "near",
    name,
    field,
    width,
    centroids: all,
    metric,
    threshold,
    far: kind === "far",
    explain,
  };
}

export interface ClassOptions {
  /** Position among the outputs. Default 0. */
  readonly class?: number | undefined;
  /** The probability has to be from here. Default 0. */
  readonly least?: number | undefined;
  /** To here. Default 1. */
  readonly most?: number | undefined;
}

/**
 * The probability of a class by dense layers over a vector of a field: softmax of the last layer, or the logistic function where it
 * has one output.
 */
export function classify(field: Field, layers: readonly Layer[], options: ClassOptions = {}): ClassRule {
  const { class: classAt = 0, least = 0, most = 1 } = options;
  const name = titleOf("classify", field);
  const width = checkedLayers(name, layers);
  const outputs = layers.at(-1)?.biases.length ?? 0;
  if (!Number.isInteger(classAt) || classAt < 0 || classAt >= outputs) {
    throw invalid(`${name} asks for class ${classAt} of ${outputs}`, "Classes are counted from 0.");
  }
  if (!(least <= most))
    throw invalid(`${name} has a range from ${least} to ${most}`, "Pass the lower end first.");
  const explain: ClassRule["explain"] = (message, score) =>
    wrongVector(message, field, width) ??
    `is of class ${classAt} with a probability of ${score.toPrecision(4)}, not from ${least} to ${most}`;
  return { kind: "classify", name, field, width, layers, classAt, least, most, explain };
}

function checkedLayers(name: string, layers: readonly Layer[]): number {
  let inputs: number | undefined;
  for (const [at, { weights, biases }] of layers.entries()) {
    const rows = weights.length / biases.length;
    if (!Number.isInteger(rows) || rows === 0 || (inputs !== undefined && rows !== inputs)) {
      throw invalid(
        `Layer ${at} of ${name} has ${weights.length} weights and ${biases.length} biases behind ${inputs ?? "any"} inputs`,
        "Pass weights of inputs times outputs, and a bias for each output.",
      );
    }
    if (![...weights, ...biases].every(Number.isFinite)) {
      throw invalid(`Layer ${at} of ${name} has numbers that are not finite`, "Check its weights.");
    }
    inputs = biases.length;
  }
  const [first] = layers;
  if (first === undefined) throw invalid(`${name} has no layers`, "Pass at least one.");
  return first.weights.length / first.biases.length;
}

function titleOf(kind: string, field: Field): string {
  return typeof field === "string" ? `${kind} ${field}` : kind;
}

function wrongVector(message: Message, field: Field, width: number): string | undefined {
  const value = fieldOf(message, field);
  const vector = vectorOf(value, width);
  if (vector === undefined) return `has ${shown(describe(value))}, no vector of ${width} numbers`;
  for (let at = 0; at < width; at++) {
    if (!Number.isFinite(vector[at])) return `has ${vector[at]} in its vector at ${at}`;
  }
  return undefined;
}

function describe(value: unknown): string {
  return Array.isArray(value) || ArrayBuffer.isView(value)
    ? `${(value as ArrayLike<unknown>).length} numbers`
    : String(value);
}

function invalid(message: string, hint: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", { message, hint });
}
