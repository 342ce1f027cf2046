import { AikoError } from "../errors.ts";
import type { RuntimeStatistics } from "../runtime/index.ts";
import { type DeviceSource, deviceSample } from "./device-source.ts";

const name = "runtime";

/** The devices a runtime has opened or may open. Their drivers tell memory at best, and only that of this program. */
export function runtimeSource(statistics: () => RuntimeStatistics): DeviceSource {
  return {
    name,
    async sample() {
      const devices = statistics().devices.filter(({ backend }) => backend !== "null");
      if (devices.length === 0)
        throw new AikoError("UNSUPPORTED", {
          message: "This program has looked for no device yet, or found none",
          hint: "Call gpu.adapters() once; npx aikoryu doctor says what is missing",
        });
      return devices.map(({ id, name: title, memory }) =>
        deviceSample({ source: name, id, name: title }, { memoryUsedBytes: memory?.inUseBytes }),
      );
    },
  };
}
