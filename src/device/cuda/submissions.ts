/** Work on its way to the driver. */
export interface Step {
  /** Settles when the step may be tried again; undefined where it can be submitted. */
  readonly blocked?: (() => Promise<unknown> | undefined) | undefined;
  /** Submits it; must not throw. */
  readonly run: () => void | Promise<void>;
}

/**
 * Steps are submitted in the order they were added: at once where nothing is before them and nothing blocks them. A
 * driver that is given more work than it holds blocks its caller, and page-locked memory has an end.
 */
export class Submissions {
  readonly #enter: () => void;
  readonly #waiting: Step[] = [];
  #isPaused = false;

  /** `enter` is called before steps that come later than they were added. */
  constructor(enter: () => void) {
    this.#enter = enter;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && !this.#isPaused;
  }

  add(step: Step): void {
    if (this.isEmpty && this.#submit(step)) return;
    this.#waiting.push(step);
  }

  /** Returns whether the step is on its way and needs no keeping. */
  #submit(step: Step): boolean {
    const blocked = step.blocked?.();
    if (blocked !== undefined) {
      this.#pause(blocked);
      return false;
    }
    const running = step.run();
    if (running !== undefined) this.#pause(running);
    return true;
  }

  #pause(until: Promise<unknown>): void {
    this.#isPaused = true;
    const resume = () => {
      this.#isPaused = false;
      this.#pump();
    };
    until.then(resume, resume);
  }

  #pump(): void {
    if (this.#waiting.length === 0) return;
    this.#enter();
    while (!this.#isPaused) {
      const step = this.#waiting[0];
      if (step === undefined || !this.#submit(step)) return;
      this.#waiting.shift();
    }
  }
}
