import { bytesOf } from "../../core/bytes.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import {
  type NearestLayout,
  nearest,
  nearestChunks,
  nearestScratchBytes,
  queryPanel,
} from "../../kernels/index.ts";
import type { GpuContext } from "../../runtime/index.ts";
import type { Mirror } from "./mirror.ts";
import { type Asked, type Candidates, resolve } from "./resolve.ts";
import { emptyFound, type Found, type Search } from "./search.ts";

/** Candidates from the device, one upload and one download; proven and ranked on the host. */
export async function searchOnDevice(search: Search, context: GpuContext): Promise<Found> {
  const mirror = search.mirrorOn(context.memory);
  return mirror.inTurn(async () => {
    const taken = mirror.take();
    using snapshot = taken.snapshot;
    if (snapshot.rows === 0) return emptyFound(search.count);
    const { queries, count } = search;
    try {
      const asked: Asked = {
        snapshot,
        queries,
        count,
        k: Math.min(search.k, snapshot.rows),
        mask: await search.filter.mask(snapshot),
        signal: context.signal,
      };
      return await resolve(asked, (part, parts, most) =>
        candidates(mirror, taken, asked, { queries: part, count: parts, most }, context),
      );
    } catch (error) {
      mirror.forget();
      throw error;
    }
  });
}

interface Wanted {
  readonly queries: Float32Array;
  readonly count: number;
  readonly most: number;
}

async function candidates(
  mirror: Mirror,
  taken: ReturnType<Mirror["take"]>,
  { snapshot, mask }: Asked,
  { queries, count, most }: Wanted,
  { device, memory, timer, signal }: GpuContext,
): Promise<Candidates> {
  const { layout } = mirror;
  const { inner } = snapshot.space;
  const sizes = { queries: count, rows: snapshot.rows, inner, most };
  const chunks = nearestChunks(layout, sizes);
  const room = Math.ceil(count / queryPanel) * queryPanel;
  const resident = await mirror.ready(snapshot.rows, signal);
  const pairBytes = room * chunks * most * 8;
  const needs = {
    label: "A search for the nearest",
    bytes: [room * inner * 4, mask.byteLength, pairBytes, ...nearestScratchBytes(device, layout, sizes)],
    residents: [resident],
  };
  return memory.use(
    needs,
    async (reservation) => {
      const queryData = reservation.allocate(room * inner * 4, "queries");
      const bits = reservation.allocate(mask.byteLength, "rows that count");
      const pairs = reservation.allocate(pairBytes, "candidates");
      const rowData = await mirror.update(taken, resident, reservation, { timer, signal });
      device.write(queryData, await laidOut(layout, queries, count, inner), { timer });
      device.write(bits, mask, { timer });
      const work = { ...sizes, queryData, rowData, mask: bits, found: pairs };
      await nearest(device, layout, work, {
        timer,
        allocate: (bytes, label) => reservation.allocate(bytes, label),
      });
      const found = new Uint32Array(count * chunks * most * 2);
      await device.read(pairs.slice(0, found.byteLength), bytesOf(found), { timer });
      return { found, chunks, most };
    },
    { signal },
  );
}

async function laidOut(
  layout: NearestLayout,
  queries: Float32Array,
  count: number,
  inner: number,
): Promise<Float32Array> {
  const out = new Float32Array(Math.ceil(count / queryPanel) * queryPanel * inner);
  if (layout === "lines") {
    out.set(queries);
    return out;
  }
  for (let first = 0; first < count; first += queryPanel) {
    if (first % 64 === 0) while (isTurnLong()) await nextTurn();
    const height = Math.min(queryPanel, count - first);
    let target = first * inner;
    for (let i = 0; i < inner; i++, target += queryPanel) {
      for (let at = 0; at < height; at++) out[target + at] = queries[(first + at) * inner + i] as number;
    }
  }
  return out;
}
