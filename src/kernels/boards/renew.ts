import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import { inRows } from "../grid.ts";
import { scanAxis } from "../scan-axis.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "../source.ts";
import type { Agents, BoardsMemory, BoardsOptions } from "./memory.ts";

export interface RenewWork<M extends BoardsMemory> {
  readonly agents: Agents;
  readonly columns: number;
  /** A word each agent, 1 for those that live, and one each for those with a child. */
  readonly flags: BoardsMemory;
  readonly children: BoardsMemory | undefined;
  /** Who the first child is. */
  readonly nextId: number;
  /** Memory for those who are there afterwards. */
  allocate(bytes: number): M;
}

export interface Renewed<M extends BoardsMemory> {
  readonly state: M;
  readonly count: number;
  readonly survivors: number;
}

const longThreads = 64;

/** Those who live, in order, then the children in the order of their parents. Waits once, for how many they are. */
export async function renew<M extends BoardsMemory>(
  device: Device,
  work: RenewWork<M>,
  options: BoardsOptions,
): Promise<Renewed<M>> {
  const { agents, columns, flags, children, nextId } = work;
  const { count } = agents;
  const slots = 2 * count;
  using places = scratch(device, options, slots * 4, "places");
  const sums = { operator: "sum", type: "u32", source: flags, result: places, exclusive: true } as const;
  await scanAxis(device, { ...sums, outer: 1, n: slots, inner: 1 }, options);
  const found = await lastOf(device, { flags, places, count }, options);
  const state = work.allocate(Math.max(4, found.count * columns) * 4);
  const long = wantsLongThreads(device);
  const threads = long ? 1 : 256;
  const each = long ? chunkOf(slots, longThreads, 1) : 1;
  const kernel = await kernelOn(device, kernelText("boards/renew.wgsl"), {
    constants: { threads },
    label: "boards, renew",
  });
  const sizes = [count, columns, agents.stride, found.count, found.survivors, nextId];
  const bindings = { state: agents.state, children: children ?? agents.state, flags, places, result: state };
  const groups = inRows(Math.ceil(Math.ceil(slots / each) / threads));
  const parameters = Uint32Array.of(slots, each, ...sizes);
  device.dispatch(kernel, { parameters, ...bindings }, groups, workOptions(options));
  return { state, ...found };
}

const countText = `struct Parameters { count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> flags: array<u32>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<u32>;
@compute @workgroup_size(1)
fn count_renewed() {
  let last = parameters.count * 2u - 1u;
  result[0] = places[last] + flags[last];
  result[1] = places[parameters.count];
}
`;

async function lastOf(
  device: Device,
  { flags, places, count }: { flags: BoardsMemory; places: BoardsMemory; count: number },
  options: BoardsOptions,
): Promise<{ count: number; survivors: number }> {
  using result = scratch(device, options, 16, "counts");
  const kernel = await kernelOn(device, countText, { label: "boards, count" });
  const bindings = { parameters: Uint32Array.of(count), flags, places, result };
  device.dispatch(kernel, bindings, 1, workOptions(options));
  const words = new Uint32Array(result.byteLength / 4);
  await device.read(result, words, workOptions(options));
  return { count: words[0] ?? 0, survivors: words[1] ?? 0 };
}
