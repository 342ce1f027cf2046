import { availableParallelism } from "node:os";
import { AikoError } from "../../errors.ts";
import type { Operation, Work } from "../../runtime/index.ts";
import type { Found, Search } from "./search.ts";
import { searchOnDevice } from "./search-device.ts";
import { searchOnHost } from "./search-host.ts";

const cores = availableParallelism();
/** Beyond this many queries, a call of its own says no less than a batch. */
const mostMerged = 256;

export const searchOperation: Operation<Search, Found> = {
  name: "agents.route",
  engine: "onnxruntime",
  rates: {
    // 1,000 queries of 256 numbers over 20,000 rows took 183 ms on 2 busy cores, and 101 ms with PoCL in the same run.
    engine: { overheadMs: 0.2, flopsPerMs: 3e7 * cores, bytesPerMs: 1e7 },
    // Not measured: 3 TFLOP/s lies between integrated and discrete GPUs.
    gpu: { overheadMs: 0.3, flopsPerMs: 3e9, bytesPerMs: 1e8 },
    cpu: { overheadMs: 0.5, flopsPerMs: 5e7 * cores, bytesPerMs: 1e7 },
  },
  work: (search): Work => {
    const { inner } = search.store.space;
    const rows = search.store.size;
    const queryBytes = search.queries.byteLength;
    const resultBytes = search.count * search.k * 12;
    const pending = search.mirrors().map((mirror) => mirror.pendingBytes);
    return {
      flops: 2 * search.count * rows * inner,
      bytes: rows * inner * 4 + queryBytes + resultBytes,
      hostBytes: queryBytes + Math.min(rows * inner * 4, ...pending),
      deviceBytes: 0,
      resultBytes,
    };
  },
  gpu: searchOnDevice,
  cpu: searchOnHost,
  batch: {
    key: ({ id, filter, count }) =>
      filter.key === undefined || count > mostMerged ? undefined : `${id} ${filter.key}`,
    merge: (searches) => {
      const [first] = searches;
      if (first === undefined) throw new AikoError("INTERNAL", { message: "Nothing to merge" });
      const { inner } = first.store.space;
      const count = searches.reduce((sum, search) => sum + search.count, 0);
      const queries = new Float32Array(count * inner);
      let at = 0;
      for (const search of searches) {
        queries.set(search.queries, at);
        at += search.queries.length;
      }
      return { ...first, queries, count, k: Math.max(...searches.map(({ k }) => k)) };
    },
    split: (found, searches) => {
      let at = 0;
      return searches.map(({ count, k }) => {
        const own = found.slice(at, at + count);
        at += count;
        return own.map((matches) => (matches.length > k ? matches.slice(0, k) : matches));
      });
    },
  },
};
