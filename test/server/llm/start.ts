import { onTestFinished } from "vitest";
import type { LlmServer, LlmServerOptions, RequestRecord } from "#src/server/index.js";
import { serveLlm } from "#src/server/index.js";
import { ScriptedProvider } from "../../support/scripted-provider.js";

export interface Started {
  readonly provider: ScriptedProvider;
  readonly server: LlmServer;
  readonly records: RequestRecord[];
  readonly url: string;
}

/** A server on a free port over a scripted provider; it is closed when the test ends. */
export async function start(options: LlmServerOptions = {}): Promise<Started> {
  const provider = new ScriptedProvider();
  const records: RequestRecord[] = [];
  const server = await serveLlm(provider, {
    port: 0,
    onRequest: (record) => records.push(record),
    ...options,
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return { provider, server, records, url: server.url };
}

export async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(url, { method: "POST", body: text, headers });
  const answer = await response.text();
  return { status: response.status, headers: response.headers, text: answer };
}
