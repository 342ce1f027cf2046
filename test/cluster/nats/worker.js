// A worker of its own process: takes numbers from the queue, writes each one into a file when it is done, acknowledges.
import { appendFileSync } from "node:fs";
import { natsTransport } from "#src/cluster/index.js";

const [, , servers, namespace, log, name] = process.argv;
const transport = await natsTransport({ servers, namespace, stored: ["jobs.>"], redeliverAfterMs: 1000 });
await transport.subscribe(
  "jobs.>",
  async (delivery) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await delivery.acknowledge();
    appendFileSync(log, `${delivery.envelope.body} ${name}\n`);
  },
  { group: "workers", maxInFlight: 4 },
);
process.send?.("ready");
process.on("message", async () => {
  await transport[Symbol.asyncDispose]();
  process.disconnect();
});
