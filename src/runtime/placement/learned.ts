/** Samples kept of one size: their median ignores what disturbed a few. */
const samplesKept = 5;
/** Sizes are told apart by half octaves of effort. */
const stepsPerOctave = 2;
/** A prediction this many octaves away from what was measured, or from fewer samples, is unsure. */
const sureOctaves = 1;
const sureSamples = 3;

/** Medians of ln(measured / predicted), by step of effort: `[step, samples][]`. */
export type LearnedData = readonly (readonly [step: number, samples: readonly number[]])[];

/** How far an operation's assumed rates are off in one place, by the size of the call. */
export class Learned {
  readonly #samples: Map<number, number[]>;
  #steps: number[];

  constructor(data: LearnedData = []) {
    this.#samples = new Map(data.map(([step, samples]) => [step, samples.slice(-samplesKept)]));
    this.#steps = [...this.#samples.keys()].sort((a, b) => a - b);
  }

  /** The factor for a call of `effort`: interpolated between what was measured, the nearest beyond it, 1 with nothing. */
  factor(effort: number): number {
    const [below, above] = this.#around(effort);
    if (below === undefined || above === undefined) return 1;
    const position = stepOf(effort);
    const share = above === below ? 0 : (position - below) / (above - below);
    return Math.exp(this.#at(below) * (1 - share) + this.#at(above) * share);
  }

  isSure(effort: number): boolean {
    const position = stepOf(effort);
    const near = this.#around(effort).filter(
      (step) => step !== undefined && Math.abs(step - position) <= sureOctaves * stepsPerOctave,
    );
    return near.some((step) => (this.#samples.get(step ?? 0)?.length ?? 0) >= sureSamples);
  }

  record(effort: number, predictedMs: number, measuredMs: number): void {
    const step = Math.round(stepOf(effort));
    const sample = Math.log(Math.max(measuredMs, 1e-6) / Math.max(predictedMs, 1e-6));
    const samples = this.#samples.get(step);
    if (samples === undefined) {
      this.#samples.set(step, [sample]);
      this.#steps = [...this.#samples.keys()].sort((a, b) => a - b);
      return;
    }
    samples.push(sample);
    if (samples.length > samplesKept) samples.shift();
  }

  toJSON(): LearnedData {
    return this.#steps.map((step) => [
      step,
      (this.#samples.get(step) ?? []).map((sample) => Number(sample.toFixed(3))),
    ]);
  }

  /** The steps next to `effort` on either side, the same one twice beyond the ends. */
  #around(effort: number): readonly [number | undefined, number | undefined] {
    const position = stepOf(effort);
    const next = this.#steps.findIndex((step) => step >= position);
    const above = next < 0 ? this.#steps.at(-1) : this.#steps[next];
    const below = next < 0 ? above : (this.#steps[next - 1] ?? above);
    return above === position ? [above, above] : [below, above];
  }

  #at(step: number): number {
    const sorted = [...(this.#samples.get(step) ?? [])].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    if (sorted.length % 2 === 1) return sorted[middle] ?? 0;
    return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  }
}

function stepOf(effort: number): number {
  return Math.log2(1 + effort) * stepsPerOctave;
}
