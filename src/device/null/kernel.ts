import type { Program } from "../base-kernel.ts";

export class NullProgram implements Program {
  readonly cached = false;

  release(): void {}
}
