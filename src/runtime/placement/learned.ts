/** Samples kept of one size: their median ignores what disturbed a few. */
const samplesKept = 5;
/** Sizes are told apart by half octaves of effort. */
const stepsPerOctave = 2;
/** A prediction this many octaves away from what was measured, or from fewer samples, is unsure. */
const sureOctaves = 1;
const sureSamples = 3;
/** Calls of one size that went elsewhere after which what was measured here counts as old. */
const freshCalls = 50;
/** How much the assumed rates count against one measured size. */
const assumedWeight = 0.01;
const leastFactor = 1e-3;

/** What a call was assumed to take: whatever its size, and in proportion to it. In milliseconds. */
export interface Assumed {
  readonly fixedMs: number;
  readonly scaledMs: number;
}

/** One size: what was assumed of it, and the last milliseconds measured. */
export type LearnedStep = readonly [
  step: number,
  fixedMs: number,
  scaledMs: number,
  samples: readonly number[],
];
export type LearnedData = readonly LearnedStep[];

interface Measured extends Assumed {
  readonly step: number;
  readonly ms: number;
}

/**
 * How far an operation's assumed costs are off in one place: a factor for the fixed part and one for the scaled part, by
 * least squares of the relative error, and what remains at the sizes that were measured.
 */
export class Learned {
  readonly #steps: Map<number, { assumed: Assumed; samples: number[] }>;
  /** Calls placed since the last measurement, by step. */
  readonly #asked = new Map<number, number>();
  #measured: readonly Measured[] = [];
  #factors: Assumed = { fixedMs: 1, scaledMs: 1 };

  constructor(data: LearnedData = []) {
    this.#steps = new Map(
      data.map(([step, fixedMs, scaledMs, samples]) => [
        step,
        { assumed: { fixedMs, scaledMs }, samples: samples.slice(-samplesKept) },
      ]),
    );
    this.#fit();
  }

  predict(effort: number, assumed: Assumed): number {
    return this.#fitted(assumed) * Math.exp(this.#rest(stepOf(effort)));
  }

  /** Notes that a call of this size was placed. */
  ask(effort: number): void {
    const step = Math.round(stepOf(effort));
    this.#asked.set(step, (this.#asked.get(step) ?? 0) + 1);
  }

  /** Whether sizes like this were measured often enough, and not too many calls ago. */
  isSure(effort: number): boolean {
    const position = stepOf(effort);
    if ((this.#asked.get(Math.round(position)) ?? 0) > freshCalls) return false;
    for (const [near, { samples }] of this.#steps) {
      if (Math.abs(near - position) <= sureOctaves * stepsPerOctave && samples.length >= sureSamples)
        return true;
    }
    return false;
  }

  record(effort: number, assumed: Assumed, ms: number): void {
    const step = Math.round(stepOf(effort));
    this.#asked.delete(step);
    const samples = [...(this.#steps.get(step)?.samples ?? []), ms].slice(-samplesKept);
    this.#steps.set(step, { assumed, samples });
    this.#fit();
  }

  toJSON(): LearnedData {
    const steps = [...this.#steps].sort(([a], [b]) => a - b);
    return steps.map(([step, { assumed, samples }]) => [
      step,
      rounded(assumed.fixedMs),
      rounded(assumed.scaledMs),
      samples.map(rounded),
    ]);
  }

  #fit(): void {
    this.#measured = [...this.#steps]
      .map(([step, { assumed, samples }]) => ({ step, ...assumed, ms: Math.max(median(samples), 1e-6) }))
      .sort((a, b) => a.step - b.step);
    this.#factors = leastSquares(this.#measured);
  }

  #fitted({ fixedMs, scaledMs }: Assumed): number {
    return this.#factors.fixedMs * fixedMs + this.#factors.scaledMs * scaledMs;
  }

  /** ln(measured / fitted): between two sizes in proportion, fading away beyond them. */
  #rest(position: number): number {
    const above = this.#measured.find(({ step }) => step >= position);
    const below = this.#measured.findLast(({ step }) => step <= position);
    if (above === undefined || below === undefined) {
      const nearest = above ?? below;
      if (nearest === undefined) return 0;
      const beyond = Math.max(0, Math.abs(nearest.step - position) - 0.5);
      return this.#restAt(nearest) * Math.exp(-beyond / stepsPerOctave);
    }
    if (above.step === below.step) return this.#restAt(above);
    const share = (position - below.step) / (above.step - below.step);
    return this.#restAt(below) * (1 - share) + this.#restAt(above) * share;
  }

  #restAt(measured: Measured): number {
    return Math.log(measured.ms / Math.max(this.#fitted(measured), 1e-6));
  }
}

/** Factors a, b that make a * fixed + b * scaled closest to what was measured, each size counting alike. */
function leastSquares(measured: readonly Measured[]): Assumed {
  let [ff, fs, ss, f, s] = [assumedWeight, 0, assumedWeight, assumedWeight, assumedWeight];
  for (const { fixedMs, scaledMs, ms } of measured) {
    const [fixed, scaled] = [fixedMs / ms, scaledMs / ms];
    ff += fixed * fixed;
    fs += fixed * scaled;
    ss += scaled * scaled;
    f += fixed;
    s += scaled;
  }
  const determinant = ff * ss - fs * fs;
  const a = (f * ss - s * fs) / determinant;
  const b = (s * ff - f * fs) / determinant;
  if (a < leastFactor) return { fixedMs: leastFactor, scaledMs: Math.max(leastFactor, s / ss) };
  if (b < leastFactor) return { fixedMs: Math.max(leastFactor, f / ff), scaledMs: leastFactor };
  return { fixedMs: a, scaledMs: b };
}

/** The lower of two middle ones: what disturbs a call only ever makes it slower. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}

function stepOf(effort: number): number {
  return Math.log2(1 + effort) * stepsPerOctave;
}

function rounded(ms: number): number {
  return Number(ms.toPrecision(5));
}
