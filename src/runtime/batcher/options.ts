import { AikoError } from "../../errors.ts";

/** Names and meanings are those of Triton's dynamic batcher, where it has them. */
export interface BatcherOptions {
  /** The most items of one batch. Default 512. */
  readonly maxBatchSize?: number | undefined;
  /** Sizes that run well: the largest of them that the queue fills is taken at once. Default: none. */
  readonly preferredBatchSizes?: readonly number[] | undefined;
  /**
   * The longest that an item waits for others, in milliseconds. Default 0: a batch closes at the end of the JavaScript
   * turn, or when the previous batch is done.
   */
  readonly maxQueueDelayMs?: number | undefined;
  /** Calls beyond this many that wait are refused with QUEUE_FULL. Default 65,536. */
  readonly maxQueueSize?: number | undefined;
  /** Levels from 1, which is taken first, to this. Default 1. */
  readonly priorityLevels?: number | undefined;
  /** Of calls that name no priority. Default: the level in the middle. */
  readonly defaultPriorityLevel?: number | undefined;
}

/** How one call waits. */
export interface QueueOptions {
  /** From 1, which is taken first, to `priorityLevels`. */
  readonly priority?: number | undefined;
  /** Who asks. Callers of one priority take turns, so that a flood from one delays nobody else. */
  readonly caller?: string | undefined;
}

export interface ItemOptions extends QueueOptions {
  /** Frees the item's place at once; a result that still comes is disposed. */
  readonly signal?: AbortSignal | undefined;
}

export interface BatcherSettings {
  readonly maxBatchSize: number;
  /** Largest first. */
  readonly preferredBatchSizes: readonly number[];
  readonly maxQueueDelayMs: number;
  readonly maxQueueSize: number;
  readonly priorityLevels: number;
  readonly defaultPriorityLevel: number;
}

/** Fills in the defaults. Throws INVALID_ARGUMENT naming what is out of range. */
export function batcherSettings(options: BatcherOptions): BatcherSettings {
  const maxBatchSize = count("maxBatchSize", options.maxBatchSize ?? 512);
  const priorityLevels = count("priorityLevels", options.priorityLevels ?? 1, 1_000);
  const preferred = (options.preferredBatchSizes ?? []).map((size) =>
    count("preferredBatchSizes", size, maxBatchSize),
  );
  const maxQueueDelayMs = options.maxQueueDelayMs ?? 0;
  if (!(maxQueueDelayMs >= 0 && maxQueueDelayMs <= 1e9)) {
    throw outOfRange("maxQueueDelayMs", maxQueueDelayMs, "a time in milliseconds, 0 or more");
  }
  return {
    maxBatchSize,
    preferredBatchSizes: preferred.sort((a, b) => b - a),
    maxQueueDelayMs,
    maxQueueSize: count("maxQueueSize", options.maxQueueSize ?? 65_536),
    priorityLevels,
    defaultPriorityLevel: count(
      "defaultPriorityLevel",
      options.defaultPriorityLevel ?? Math.ceil(priorityLevels / 2),
      priorityLevels,
    ),
  };
}

/** The level that a call waits in. Throws INVALID_ARGUMENT. */
export function priorityOf(options: QueueOptions, settings: BatcherSettings): number {
  if (options.priority === undefined) return settings.defaultPriorityLevel;
  return count("priority", options.priority, settings.priorityLevels);
}

function count(name: string, value: number, most: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? "of 1 or more" : `from 1 to ${most}`;
  throw outOfRange(name, value, `a whole number ${range}`);
}

function outOfRange(name: string, value: unknown, expected: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `${name} is ${String(value)}, not ${expected}`,
    hint: name === "priority" ? "Raise priorityLevels, or leave priority out." : undefined,
  });
}
