import { AikoError } from "../errors.ts";
import { type DuckDb, type DuckDbOptions, openDuckDb } from "../runtime/duckdb/index.ts";
import type { Operation, Runtime } from "../runtime/index.ts";
import type { GpuExecutor } from "./run/executor.ts";
import type { PlanCall, PlanResult } from "./run/plan-operation.ts";

/** So many shapes of plans are learned apart; the one that was not used for longest makes room. */
const mostOperations = 256;

/** What frames of one runtime share: the CPU engine, opened on first use, and the operations of plans. */
export class DataContext implements AsyncDisposable {
  readonly runtime: Runtime;
  readonly gpu: GpuExecutor;
  readonly #options: DuckDbOptions;
  #engine: Promise<DuckDb> | undefined;
  #disposed = false;
  readonly #operations = new Map<string, Operation<PlanCall, PlanResult>>();

  constructor(runtime: Runtime, gpu: GpuExecutor, options: DuckDbOptions = {}) {
    this.runtime = runtime;
    this.gpu = gpu;
    this.#options = options;
  }

  /** Rejects with ENGINE_MISSING where DuckDB is not installed. */
  async engine(): Promise<DuckDb> {
    if (this.#disposed) {
      throw new AikoError("DISPOSED", {
        message: "The runtime of this frame is disposed",
        hint: "Call open() again, or dispose it after its last use.",
      });
    }
    this.#engine ??= openDuckDb(this.#options).catch((error: unknown) => {
      this.#engine = undefined;
      throw error;
    });
    return this.#engine;
  }

  operation(name: string, make: () => Operation<PlanCall, PlanResult>): Operation<PlanCall, PlanResult> {
    const known = this.#operations.get(name);
    this.#operations.delete(name);
    const operation = known ?? make();
    this.#operations.set(name, operation);
    const [oldest] = this.#operations;
    if (this.#operations.size > mostOperations && oldest !== undefined) {
      this.#operations.delete(oldest[0]);
      this.runtime.forget(oldest[1]);
    }
    return operation;
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    const engine = await this.#engine?.catch(() => undefined);
    this.#engine = undefined;
    await engine?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
