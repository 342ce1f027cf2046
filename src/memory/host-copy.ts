import type { PoolBuffer } from "./pool-buffer.ts";
import type { HostCopy } from "./resident.ts";

/** Where the bytes of a buffer go when it is evicted. */
export function downloadedFrom(buffer: PoolBuffer): HostCopy {
  let data: Uint8Array | undefined;
  let fetching: Promise<Uint8Array> | undefined;
  return {
    get data() {
      return data;
    },
    fetch: async () => {
      fetching ??= buffer.device.read(buffer);
      try {
        data = await fetching;
        return data;
      } finally {
        fetching = undefined;
      }
    },
  };
}
