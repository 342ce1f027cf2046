import { expect } from "vitest";
import type { Device } from "#src/device/device.js";
import { MemoryManager } from "#src/memory/index.js";
import type { NamedTensors } from "#src/nn/executor/executor.js";
import type { DeviceExecutor } from "#src/nn/executor/executor-on-device.js";
import { planModel } from "#src/nn/executor/plan.js";
import { readModel } from "#src/nn/onnx/index.js";
import type { NnTensor } from "#src/nn/tensor.js";
import type { GpuContext } from "#src/runtime/index.js";
import { onnxEngine } from "#src/runtime/onnx/index.js";
import { attribute, model, node, tensor, value } from "../../support/onnx.ts";
import { randomFloats } from "../../support/random.ts";

type Attributes = Readonly<Record<string, number | string | readonly number[] | { readonly float: number }>>;

export interface Graph {
  /** `[operator, inputs, outputs, attributes]`, names apart by spaces; "-" leaves one out. */
  readonly nodes: readonly (readonly [string, string, string, Attributes?])[];
  readonly inputs: NamedTensors;
  readonly constants?: NamedTensors;
  readonly outputs: string;
  readonly opset?: number;
  /** Types of outputs that are not f32. */
  readonly types?: Readonly<Record<string, NnTensor["dtype"]>>;
}

const names = (list: string) =>
  list
    .split(" ")
    .filter((name) => name !== "")
    .map((name) => (name === "-" ? "" : name));

export function encode({
  nodes,
  inputs,
  constants = {},
  outputs,
  opset = 17,
  types = {},
}: Graph): Uint8Array {
  return model({
    opset,
    nodes: nodes.map(([operator, from, to, given = {}]) =>
      node(
        operator,
        names(from),
        names(to),
        Object.entries(given).map(([name, content]) => encodeAttribute(name, content)),
      ),
    ),
    inputs: Object.entries(inputs).map(([name, { dtype, shape }]) =>
      value(
        name,
        dtype,
        shape.map(() => undefined),
      ),
    ),
    outputs: names(outputs).map((name) => value(name, types[name] ?? "f32")),
    initializers: Object.entries(constants).map(([name, { dtype, shape, data }]) =>
      tensor(name, dtype, shape, data as unknown as ArrayBufferView),
    ),
  });
}

function encodeAttribute(name: string, content: Attributes[string]): Uint8Array {
  if (typeof content === "string") return attribute.text(name, content);
  if (typeof content === "number") return attribute.int(name, content);
  return "float" in content ? attribute.float(name, content.float) : attribute.ints(name, content);
}

const memories = new WeakMap<Device, MemoryManager>();

export function contextOf(device: Device): GpuContext {
  const memory = memories.get(device) ?? new MemoryManager(device);
  memories.set(device, memory);
  return { device, memory, pool: memory.pool, timer: undefined, signal: undefined } as unknown as GpuContext;
}

/** The executor for a graph. Fails where it lacks an operator. */
export async function executorOf(device: Device, bytes: Uint8Array): Promise<DeviceExecutor> {
  const { model: read } = await readModel(bytes);
  const { plan, unsupported } = planModel(read);
  expect(unsupported).toEqual([]);
  if (plan === undefined) return expect.fail("there is no plan");
  return plan.open(device) as DeviceExecutor;
}

export async function runOn(device: Device, graph: Graph): Promise<NamedTensors> {
  using executor = await executorOf(device, encode(graph));
  return await executor.run(graph.inputs, names(graph.outputs), contextOf(device));
}

export async function runOnOnnxRuntime(graph: Graph): Promise<NamedTensors> {
  const session = await onnxEngine.open({ bytes: encode(graph), provider: "cpu" });
  try {
    const { outputs } = await session.run({
      inputs: new Map(Object.entries(graph.inputs)),
      outputs: names(graph.outputs),
    });
    return Object.fromEntries(names(graph.outputs).map((name, at) => [name, outputs[at] as NnTensor]));
  } finally {
    await session.dispose();
  }
}

/** Runs a graph on both, and compares every output. */
export async function expectAgreement(device: Device, graph: Graph, tolerance = 1e-4): Promise<void> {
  const [ours, theirs] = await Promise.all([runOn(device, graph), runOnOnnxRuntime(graph)]);
  for (const name of names(graph.outputs)) expectClose(ours[name], theirs[name], tolerance, name);
}

export function expectClose(
  actual: NnTensor | undefined,
  expected: NnTensor | undefined,
  tolerance: number,
  name = "y",
): void {
  if (actual === undefined || expected === undefined) expect.fail(`${name} is missing`);
  expect([name, actual.dtype, ...actual.shape]).toEqual([name, expected.dtype, ...expected.shape]);
  const found = Array.from(actual.data as ArrayLike<number | bigint>);
  Array.from(expected.data as ArrayLike<number | bigint>).forEach((want, at) => {
    const got = found[at];
    if (Object.is(got, want) || got === want) return;
    const near = Math.abs(Number(got) - Number(want)) <= tolerance * Math.max(1, Math.abs(Number(want)));
    if (typeof want === "bigint" || !near) expect.fail(`${name}[${at}] is ${got}, expected ${want}`);
  });
}

export function f32(shape: readonly number[], data?: readonly number[]): NnTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return {
    dtype: "f32",
    shape,
    data: data === undefined ? randomFloats(count, count + shape.length) : Float32Array.from(data),
  };
}

export function i64(shape: readonly number[], data: readonly number[]): NnTensor {
  return { dtype: "i64", shape, data: BigInt64Array.from(data, BigInt) };
}
