import { createServer } from "node:http";
import { serveLlm } from "aikoryu/server";

/** Servers in a process of their own that say the same words at once: ours, and one written by hand for nothing else. */
const words = Array.from({ length: 500 }, (_, at) => ` word${at}`);
const counts = {
  promptTokens: 5,
  outputTokens: words.length,
  loadMs: 1,
  promptMs: 1,
  outputMs: 1,
  totalMs: 3,
};
const unsupported = () => {
  throw new TypeError("this provider only generates");
};

async function* generate() {
  for (const text of words) yield { text };
  yield { text: "", done: { reason: /** @type {const} */ ("stop"), usage: counts } };
}

const ours = await serveLlm(
  {
    generate,
    chat: unsupported,
    embed: unsupported,
    models: async () => [],
    show: unsupported,
    running: async () => [],
    load: async () => {},
    pull: unsupported,
  },
  { port: 0 },
);

const byHand = createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  const { model } = JSON.parse(body);
  response.setHeader("content-type", "application/x-ndjson");
  const line = (/** @type {object} */ rest) => {
    const text = JSON.stringify({ model, created_at: new Date().toISOString(), ...rest });
    return new Promise((resolve) => {
      if (response.write(`${text}\n`)) resolve(undefined);
      else response.once("drain", resolve);
    });
  };
  for (const word of words) await line({ response: word, done: false });
  await line({ response: "", done: true, done_reason: "stop", eval_count: words.length });
  response.end();
});

byHand.listen(0, "127.0.0.1", () => {
  const { port } = /** @type {import("node:net").AddressInfo} */ (byHand.address());
  process.send?.({ ours: ours.url, byHand: `http://127.0.0.1:${port}` });
});
