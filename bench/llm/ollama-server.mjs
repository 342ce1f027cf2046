import { createServer } from "node:http";

/** A server in a process of its own that says what Ollama would, without a model, so that only the client is timed. */
const words = Array.from({ length: 2_000 }, (_, at) => ` word${at}`);
const at = "2026-11-01T12:00:00.000000000Z";
const ending = {
  done: true,
  done_reason: "stop",
  total_duration: 1e6,
  load_duration: 1e6,
  prompt_eval_count: 5,
  prompt_eval_duration: 1e6,
  eval_count: words.length,
  eval_duration: 1e6,
};
const lines = words.map((content) =>
  JSON.stringify({ model: "m", created_at: at, message: { role: "assistant", content }, done: false }),
);
const last = JSON.stringify({
  model: "m",
  created_at: at,
  message: { role: "assistant", content: "" },
  ...ending,
});
const chat = `${lines.join("\n")}\n${last}\n`;

/** @param {string} text */
function vector(text) {
  const values = Array.from({ length: 768 }, (_, index) => Math.sin(index * (1 + Number(text))));
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

/** @type {Map<string, string>} */
const rows = new Map();

/** @param {string} text */
function row(text) {
  const known = rows.get(text) ?? JSON.stringify(vector(text));
  rows.set(text, known);
  return known;
}

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (part) => {
    body += part;
  });
  request.on("end", () => {
    if (request.url === "/api/version") response.end('{"version":"0.0.0"}');
    else if (request.url === "/api/chat") response.end(chat);
    else {
      const { input } = JSON.parse(body);
      response.end(`{"model":"m","embeddings":[${[input].flat().map(row).join()}],"prompt_eval_count":1}`);
    }
  });
});
server.listen(0, "127.0.0.1", () => {
  process.send?.(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
});
