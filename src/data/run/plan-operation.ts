import { availableParallelism } from "node:os";
import type { Adapter } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";
import type { ResolvedExpression } from "../../expression/column/index.ts";
import type { CpuContext, GpuContext, Operation, Rates } from "../../runtime/index.ts";
import type { Columns } from "../columns.ts";
import type { DataContext } from "../context.ts";
import { expressionText } from "../plan/expression-text.ts";
import { nodesOf } from "../plan/inputs.ts";
import type { PlanNode } from "../plan/node.ts";
import { workOf } from "../plan/work.ts";
import { queried } from "./cpu.ts";
import { batchedScan, inBatches } from "./in-batches.ts";
import { executeMixed, isFree } from "./mixed.ts";

/** One call: an optimised plan. */
export interface PlanCall {
  readonly plan: PlanNode;
  /** More rows than these are refused: RESULT_TOO_LARGE. */
  readonly mostRows: number;
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

export type PlanResult = Columns;

/** Files whose columns take this part of a device's memory are not brought there in one piece. */
const largeFactor = 4;

const cores = availableParallelism();

const rates: Rates = {
  engine: { overheadMs: 1, flopsPerMs: 3e6 * cores, bytesPerMs: 1e6 * cores },
  gpu: { overheadMs: 2, flopsPerMs: 1e9, bytesPerMs: 1e8 },
  cpu: { overheadMs: 4, flopsPerMs: 1e6 * cores, bytesPerMs: 1e6 },
};

/** The operation of plans of one shape, so that placement learns shapes apart. */
export function planOperation(context: DataContext, plan: PlanNode): Operation<PlanCall, PlanResult> {
  const name = shapeName(plan);
  return context.operation(name, () => ({
    name,
    engine: "duckdb",
    rates,
    work: (call) => workOf(call.plan),
    lacks: ({ plan: asked }, adapter) =>
      [...nodesOf(asked)].every(isFree)
        ? "there is nothing to compute"
        : lackingText(context, asked, adapter),
    gpu: (call, gpu) => onGpu(context, call, gpu),
    stream: (call, gpu) => inBatches(context, call.plan, gpu),
    cpu: (call, cpu) => onCpu(context, call, cpu),
  }));
}

/**
 * Its nodes from the scans up, with the keys that they go by: "data.read+filter+aggregate(city)". Keys tell how many groups or
 * matches there are, which decides how long a plan takes.
 */
export function shapeName(plan: PlanNode): string {
  const kinds = [...nodesOf(plan)].flatMap((node) => {
    if (node.kind === "scan") return node.source.kind === "files" ? ["read"] : [];
    const kind = node.kind === "sort" && node.limit !== undefined ? "top" : node.kind;
    const keys = keyTexts(node);
    return [keys.length === 0 ? kind : `${kind}(${keys.join(", ").slice(0, mostKeyText)})`];
  });
  const shown = kinds.length > 8 ? [...kinds.slice(0, 8), "more"] : kinds;
  return `data.${shown.join("+") || "scan"}`;
}

const mostKeyText = 60;

function keyTexts(node: PlanNode): readonly string[] {
  const texts = (keys: readonly ResolvedExpression[], { schema }: PlanNode) =>
    keys.map((key) => expressionText(key, schema));
  switch (node.kind) {
    case "aggregate":
      return texts(node.keys, node.input);
    case "sort":
      return texts(
        node.keys.map(({ expression }) => expression),
        node.input,
      );
    case "join":
      return texts(node.leftKeys, node.left);
    case "window":
      return texts(node.partitionBy, node.input);
    case "distinct":
      return (node.columns ?? [...node.schema.keys()]).map((at) => node.schema[at]?.name ?? "");
    default:
      return [];
  }
}

/** What an adapter cannot run of a plan, each reason once. */
export function lackingOf(context: DataContext, plan: PlanNode, adapter: Adapter): readonly string[] {
  const reasons = [...nodesOf(plan)].flatMap((node) =>
    isFree(node) ? [] : (context.gpu.lacking(node, adapter) ?? []),
  );
  return [...new Set(reasons)];
}

/** Why a device would compute nothing of a plan. */
function lackingText(context: DataContext, plan: PlanNode, adapter: Adapter): string | undefined {
  const nodes = [...nodesOf(plan)].filter((node) => !isFree(node));
  if (nodes.length === 0) return undefined;
  const reasons = nodes.map((node) => context.gpu.lacking(node, adapter));
  if (reasons.some((reason) => reason === undefined)) return undefined;
  return [...new Set(reasons)].join("; ");
}

async function onGpu(context: DataContext, call: PlanCall, gpu: GpuContext): Promise<Columns> {
  const text = lackingText(context, call.plan, gpu.device.adapter);
  if (text !== undefined) throw new AikoError("UNSUPPORTED", { message: text });
  const scan = batchedScan(call.plan);
  const isLarge = scan !== undefined && workOf(scan).bytes * largeFactor > gpu.memory.budgetBytes;
  if (isLarge && lackingOf(context, call.plan, gpu.device.adapter).length === 0) {
    const result = await inBatches(context, call.plan, gpu);
    if (result !== undefined) return result;
  }
  return executeMixed(context, call.plan, gpu, call);
}

async function onCpu(context: DataContext, call: PlanCall, cpu: CpuContext): Promise<Columns> {
  const start = performance.now();
  const columns = await queried(context, call.plan, { ...call, signal: cpu.signal });
  cpu.meter.add("cpuMs", performance.now() - start);
  return columns;
}
