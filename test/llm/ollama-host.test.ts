import { expect, it } from "vitest";
import { ollamaHost } from "#src/llm/ollama/host.js";
import { failure } from "../support/errors.ts";

it.each([
  [undefined, "http://127.0.0.1:11434"],
  ["", "http://127.0.0.1:11434"],
  ["  example.com ", "http://example.com:11434"],
  ['"example.com:56789"', "http://example.com:56789"],
  ["http://example.com", "http://example.com:80"],
  ["https://example.com", "https://example.com:443"],
  ["HTTPS://example.com:8443/ollama/", "https://example.com:8443/ollama"],
  ["bücher.example", "http://xn--bcher-kva.example:11434"],
  ["my_host.local", "http://my_host.local:11434"],
  ["example.com/a ü/%41", "http://example.com:11434/a%20%C3%BC/%41"],
  ["http://", "http://127.0.0.1:80"],
  ["example.com/a/b", "http://example.com:11434/a/b"],
  ["0.0.0.0", "http://127.0.0.1:11434"],
  ["0.0.0.0:8080", "http://127.0.0.1:8080"],
  [":8080", "http://127.0.0.1:8080"],
  ["::", "http://[::1]:11434"],
  ["[::]:8080", "http://[::1]:8080"],
  ["::1", "http://[::1]:11434"],
  ["[::1]", "http://[::1]:11434"],
  ["http://[2001:db8::1]:99/x", "http://[2001:db8::1]:99/x"],
  ["https://user:s%40cret@example.com", "https://example.com:443"],
])("%j is %s", (input, text) => {
  expect(ollamaHost(input).text).toBe(text);
});

it("keeps a password out of its text", () => {
  expect(ollamaHost("https://user:s%40cret@example.com").auth).toBe("user:s@cret");
});

it.each([
  "example.com:99999",
  "example.com:0",
  "a b",
  "ftp://example.com",
  "[nonsense]",
  "host:port",
  "x?y",
  "::g",
  "exa%mple.com",
])("%j is none", async (input) => {
  expect((await failure(() => ollamaHost(input), "INVALID_ARGUMENT")).message).toContain(
    JSON.stringify(input),
  );
});
