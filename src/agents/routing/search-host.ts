import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { isAikoError } from "../../errors.ts";
import type { CpuContext } from "../../runtime/index.ts";
import { type Graph, type HostTensor, onnxEngine } from "../../runtime/onnx/index.ts";
import { none } from "./host.ts";
import { type Asked, type Candidates, resolve, resolveAll } from "./resolve.ts";
import { emptyFound, type Found, type Search } from "./search.ts";

/** Below this many products of two numbers, the scores of all rows are there before a product of matrices has begun. */
const fewProducts = 1 << 19;
/** Queries in one product, so that what it makes of a block of rows stays in the cache. */
const queriesAtOnce = 256;

/** Added to the products of rows that do not count: no product is as small. */
const absent = -1e38;

/** The `most` largest products of each query with the rows of a block, and the rows; `isMasked` adds a number to each row's. */
function graphOf(most: number, isMasked: boolean): Graph {
  const inputs = isMasked ? ["queries", "rows", "mask"] : ["queries", "rows"];
  const k = { name: "k", dtype: "i64", shape: [1], data: BigInt64Array.of(BigInt(most)) } as const;
  return {
    nodes: [
      { operator: "Gemm", inputs, outputs: ["products"], attributes: { transB: { int: 1 } } },
      { operator: "Constant", inputs: [], outputs: ["k"], attributes: { value: { tensor: k } } },
      {
        operator: "TopK",
        inputs: ["products", "k"],
        outputs: ["most", "places"],
        attributes: { sorted: { int: 0 } },
      },
      { operator: "Cast", inputs: ["places"], outputs: ["found"], attributes: { to: { int: 1 } } },
    ],
    inputs,
    outputs: ["most", "found"],
  };
}

/** Candidates from ONNX Runtime, a block of rows at a time; without it, the scores of all rows. */
export async function searchOnHost(search: Search, { signal, meter }: CpuContext): Promise<Found> {
  using snapshot = search.store.snapshot();
  if (snapshot.rows === 0) return emptyFound(search.count);
  const { queries, count } = search;
  const k = Math.min(search.k, snapshot.rows);
  const asked: Asked = { snapshot, queries, count, k, mask: await search.filter.mask(snapshot), signal };
  const start = performance.now();
  try {
    const products = count * selected(asked.mask) * snapshot.space.inner;
    if (products <= fewProducts) return await resolveAll(asked);
    return await resolve(asked, (part, parts, most) => candidates(asked, part, parts, most));
  } catch (error) {
    if (!isAikoError(error, "ENGINE_MISSING")) throw error;
    return await resolveAll(asked);
  } finally {
    meter.add("cpuMs", performance.now() - start);
  }
}

function selected(mask: Uint32Array): number {
  let count = 0;
  for (const word of mask) {
    let bits = word - ((word >>> 1) & 0x55555555);
    bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
    count += Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}

async function candidates(
  { snapshot, mask, signal }: Asked,
  queries: Float32Array,
  count: number,
  wanted: number,
): Promise<Candidates> {
  const { blocks, blockRows, rows, space } = snapshot;
  const { inner } = space;
  const chunks = blocks.length;
  const most = Math.min(blockRows, Math.ceil(wanted / 8) * 8);
  const found = new Uint32Array(count * chunks * most * 2);
  const values = new Float32Array(found.buffer);
  for (let first = 0; first < count; first += queriesAtOnce) {
    const lines = Math.min(queriesAtOnce, count - first);
    const asks = queries.subarray(first * inner, (first + lines) * inner);
    const products = new Float32Array(lines * most);
    const places = new Float32Array(lines * most);
    for (const [chunk, block] of blocks.entries()) {
      const firstRow = chunk * blockRows;
      const height = Math.max(most, Math.min(blockRows, rows - firstRow));
      const bias = biasOf(mask, firstRow, height);
      const inputs: HostTensor[] = [
        { data: asks, shape: [lines, inner] },
        { data: block.data.subarray(0, height * inner), shape: [height, inner] },
      ];
      if (bias !== undefined) inputs.push({ data: bias, shape: [height] });
      await onnxEngine.run({
        key: `agents.route ${most} ${bias !== undefined}`,
        graph: () => graphOf(most, bias !== undefined),
        inputs,
        outputs: [
          { data: products, shape: [lines, most] },
          { data: places, shape: [lines, most] },
        ],
        effort: 2 * lines * height * inner + 10 * 4 * (lines * height + height * inner),
        signal,
      });
      while (isTurnLong()) await nextTurn();
      for (let line = 0; line < lines; line++) {
        const to = ((first + line) * chunks + chunk) * most;
        for (let at = 0; at < most; at++) {
          const product = products[line * most + at] as number;
          const isThere = product > absent / 2;
          values[2 * (to + at)] = product;
          found[2 * (to + at) + 1] = isThere ? firstRow + (places[line * most + at] as number) : none;
        }
      }
    }
  }
  return { found, chunks, most };
}

/** What keeps the rows of a block out that do not count; nothing where all do. */
function biasOf(mask: Uint32Array, firstRow: number, height: number): Float32Array | undefined {
  const counts = (row: number) => (((mask[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 1;
  let bias: Float32Array | undefined;
  for (let row = 0; row < height; row++) {
    if (counts(firstRow + row)) continue;
    bias ??= new Float32Array(height);
    bias[row] = absent;
  }
  return bias;
}
