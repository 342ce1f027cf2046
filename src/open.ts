import { type AgentsFamily, bindAgents } from "./agents/index.ts";
import { loadFfi } from "./core/ffi.ts";
import { bindData, type DataFamily } from "./data/index.ts";
import { type Adapter, type Device, discover, selectAdapters } from "./device/index.ts";
import { bindLlm, type LlmFamily, type LlmOptions } from "./llm/index.ts";
import { type AnyMatrix, bindMatrix, type MatrixFamily, matrixExchange } from "./matrix/index.ts";
import { bindMonitor } from "./monitor/family.ts";
import type { Monitor } from "./monitor/index.ts";
import { bindNn, type NnFamily } from "./nn/family.ts";
import { type BatcherOptions, type PlacementChoice, Runtime } from "./runtime/index.ts";

export interface GpuOptions {
  /**
   * Which device: an adapter's id ("opencl:1"), a backend ("cuda"), "cpu" for none, or several in order of preference:
   * the next one serves while those before it are rested. Default: the variable AIKORYU_DEVICE, else the best found.
   */
  readonly device?: string | readonly string[] | undefined;
  /** For calls that do not say. Default "auto". */
  readonly placement?: PlacementChoice | undefined;
  /** Throws where the CPU would have taken over from a GPU that failed. Default false. */
  readonly strict?: boolean | undefined;
  /**
   * Whether the runtime may find out by itself what is faster: measure the transfers of a device that is new to it, and try
   * a small share of calls in the place predicted to be slower. Default true.
   */
  readonly explore?: boolean | undefined;
  /** How concurrent small calls are merged into one; `false` never merges any. */
  readonly batching?: false | BatcherOptions | undefined;
  /** Where compiled kernels are kept; `false` turns the disk cache off. */
  readonly cacheDirectory?: string | false | undefined;
  /** The longest one device call may take, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** The most memory to use on a device. Default: most of what is free there. */
  readonly memoryBudgetBytes?: number | undefined;
  /** Which providers of language models may answer, and where they are. Default: whatever is there. */
  readonly llm?: LlmOptions | undefined;
}

/** Everything AikoRyu does, bound to one runtime. */
export interface Gpu extends AsyncDisposable {
  readonly runtime: Runtime;
  readonly matrix: MatrixFamily;
  readonly nn: NnFamily<AnyMatrix>;
  readonly data: DataFamily;
  readonly llm: LlmFamily;
  readonly agents: AgentsFamily;
  readonly monitor: Monitor;
  /** The adapters in use, best first. */
  adapters(): Promise<readonly Adapter[]>;
  /** Opens an adapter, the best one by default. Rejects with DEVICE_NOT_FOUND, UNSUPPORTED or DEVICE_LOST. */
  device(id?: string): Promise<Device>;
  /** Closes the devices. Safe to call twice. */
  dispose(): Promise<void>;
}

/**
 * Opens a runtime; devices are opened when they are first needed. Rejects with DEVICE_NOT_FOUND when `device` names one
 * that is not there.
 */
export async function open(options: GpuOptions = {}): Promise<Gpu> {
  const { cacheDirectory, timeoutMs } = options;
  const wanted = options.device ?? (process.env.AIKORYU_DEVICE || undefined);
  await loadFfi();
  const adapters = async () =>
    wanted === "cpu" ? [] : selectAdapters(await discover({ onRequest: wanted !== undefined }), wanted);
  const named = wanted === undefined ? undefined : await adapters();
  const runtime = new Runtime({
    adapters: named === undefined ? adapters : async () => named,
    placement: options.placement,
    strict: options.strict,
    explore: options.explore,
    batching: options.batching,
    memoryBudgetBytes: options.memoryBudgetBytes,
    ...(cacheDirectory === undefined ? {} : { cacheDirectory }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  const monitor = bindMonitor(runtime);
  const data = bindData(runtime);
  const llm = bindLlm(runtime, options.llm);
  const agents = bindAgents(runtime, llm);
  const dispose = async () => {
    await agents[Symbol.asyncDispose]();
    await llm[Symbol.asyncDispose]();
    await Promise.all([monitor.dispose(), data.dispose(), runtime.dispose()]);
  };
  return {
    runtime,
    matrix: bindMatrix(runtime),
    nn: bindNn(runtime, matrixExchange(runtime)),
    data,
    llm,
    agents,
    monitor,
    adapters: () => runtime.adapters(),
    device: (id) => runtime.device(id),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}
