import { afterAll, beforeAll, describe } from "vitest";
import { natsTransport } from "#src/cluster/index.js";
import { transportConformance } from "../../agents/bus/conformance.ts";
import { type NatsServer, natsMissing, natsServer } from "../../support/nats.ts";
import { itWith } from "../../support/tools.ts";

if (natsMissing === undefined) {
  let server: NatsServer | undefined;
  let places = 0;
  beforeAll(async () => {
    server = await natsServer();
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
  describe("the NATS transport", () => {
    transportConformance(async () => {
      const options = {
        servers: server?.url ?? "",
        namespace: `place${places++}`,
        storage: "memory",
        maxBytes: 2 ** 22,
        stored: ["orders.>", "work.>", "once.>", "in.>", "few.>", "story.>"],
      } as const;
      const [a, b] = [await natsTransport(options), await natsTransport(options)];
      return {
        a,
        b,
        close: async () => void (await Promise.all([a, b].map((end) => end[Symbol.asyncDispose]()))),
      };
    });
  });
} else {
  itWith("nats-server", natsMissing)("conforms", () => {});
}
