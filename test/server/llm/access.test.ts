import { request } from "node:http";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { serveLlm } from "#src/server/index.js";
import { failure } from "../../support/errors.js";
import { ScriptedProvider } from "../../support/scripted-provider.js";
import { start } from "./start.js";

describe("a token", () => {
  it("is required for any address but a loopback one", async () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.org", "localhost.example.org"]) {
      const error = await failure(
        () => serveLlm(new ScriptedProvider(), { host, port: 0 }),
        "INVALID_ARGUMENT",
      );
      expect(error.hint).toContain("token");
    }
    await failure(() => serveLlm(new ScriptedProvider(), { port: 0, token: "" }), "INVALID_ARGUMENT");
    await failure(() => serveLlm(new ScriptedProvider(), { port: 0, token: "a\r\nb" }), "INVALID_ARGUMENT");
    const { server } = await start({ host: "0.0.0.0", token: "secret" });
    expect((await fetch(`http://127.0.0.1:${server.port}/api/tags`)).status).toBe(401);
  });

  it("lets in who has it, and nobody else", async () => {
    const { url } = await start({ token: ["secret", "other"] });
    const status = async (authorization: string, path = "/api/tags") =>
      (await fetch(`${url}${path}`, { headers: { authorization } })).status;
    expect(await status("Bearer secret")).toBe(200);
    expect(await status("bearer other")).toBe(200);
    for (const wrong of ["Bearer secre", "Bearer secrets", "Bearer ", "secret", "Basic secret", ""]) {
      expect(await status(wrong)).toBe(401);
    }
    expect(await status("", "/")).toBe(200);
    const refused = await fetch(`${url}/v1/models`);
    expect(refused.headers.get("www-authenticate")).toBe("Bearer");
    expect(await refused.json()).toMatchObject({ error: { code: "invalid_api_key" } });
  });

  it("is what official clients send", async () => {
    const { url } = await start({ token: "secret" });
    const headers = { authorization: "Bearer secret" };
    expect((await new Ollama({ host: url, headers }).list()).models).toHaveLength(1);
    await expect(new Ollama({ host: url }).list()).rejects.toMatchObject({ status_code: 401 });
    const baseURL = `${url}/v1`;
    expect((await new OpenAI({ baseURL, apiKey: "secret" }).models.list()).data).toHaveLength(1);
    await expect(new OpenAI({ baseURL, apiKey: "guess" }).models.list()).rejects.toBeInstanceOf(
      OpenAI.AuthenticationError,
    );
  });
});

describe("names of this host", () => {
  it("are localhost and loopback addresses, without a token", async () => {
    const { server } = await start({ hosts: ["gpu.lan"] });
    const good = [
      "localhost",
      "LOCALHOST:11434",
      "a.localhost",
      "127.0.0.1:1",
      "127.9.9.9",
      "[::1]:80",
      "gpu.lan",
    ];
    for (const host of good) expect(await statusFor(server.port, { host })).toBe(200);
    const bad = [
      "evil.example",
      "127.0.0.1.evil.example",
      "192.0.2.1",
      "localhost@evil.example",
      "[::1",
      "a:b:c",
    ];
    for (const host of bad) expect(await statusFor(server.port, { host })).toBe(403);
  });

  it("do not matter to who has the token", async () => {
    const { server } = await start({ token: "secret" });
    const headers = { host: "evil.example", authorization: "Bearer secret" };
    expect(await statusFor(server.port, headers)).toBe(200);
  });
});

describe("web pages", () => {
  it("may call from this machine, and from the origins that are listed", async () => {
    const { server } = await start({ origins: ["https://*.good.example", "app://tool"] });
    const status = (origin: string) => statusFor(server.port, { host: "localhost", origin });
    const good = [
      "http://localhost:3000",
      "https://127.0.0.1",
      "http://[::1]:80",
      "https://a.good.example",
      "app://tool",
    ];
    for (const origin of good) expect(await status(origin)).toBe(200);
    const bad = [
      "https://evil.example",
      "null",
      "https://good.example.evil.example",
      "http://localhost.evil.example",
    ];
    for (const origin of [...bad, "https://a.good.example.evil", "app://toolbox"])
      expect(await status(origin)).toBe(403);
  });

  it("are told so before they call", async () => {
    const { url } = await start();
    const headers = {
      origin: "http://localhost:3000",
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,x-stainless-os",
    };
    const allowed = await fetch(`${url}/api/chat`, { method: "OPTIONS", headers });
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("http://localhost:3000");
    expect(allowed.headers.get("access-control-allow-headers")).toBe("content-type,x-stainless-os");
    expect(allowed.headers.get("vary")).toBe("Origin");
    const refused = await fetch(`${url}/api/chat`, {
      method: "OPTIONS",
      headers: { ...headers, origin: "https://evil.example" },
    });
    expect(refused.status).toBe(403);
    expect(refused.headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("options", () => {
  it("that make no sense are refused", async () => {
    const serve = (options: object) =>
      failure(() => serveLlm(new ScriptedProvider(), options), "INVALID_ARGUMENT");
    for (const bad of [{ port: -1 }, { port: 70_000 }, { port: 1.5 }, { parallel: 0 }, { maxQueue: -1 }]) {
      expect((await serve(bad)).message).toContain(Object.keys(bad)[0]);
    }
  });

  it("an address that is taken is a typed error", async () => {
    const { server } = await start();
    const error = await failure(
      () => serveLlm(new ScriptedProvider(), { port: server.port }),
      "CONNECTION_FAILED",
    );
    expect(error.message).toContain(String(server.port));
    expect(error.hint).toContain("another port");
  });

  it("what is told of requests may throw, and the server goes on", async () => {
    const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
    const onRequest = () => {
      throw new RangeError("no room in the log");
    };
    const { url } = await start({ onRequest });
    expect(await (await fetch(url)).text()).toBe("Ollama is running");
    expect((await warned).message).toContain("no room in the log");
    expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
  });

  it("a request keeps the id it came with, where that is one", async () => {
    const { url } = await start();
    const idOf = async (id: string) => {
      const response = await fetch(url, { headers: { "x-request-id": id } });
      return response.headers.get("x-request-id");
    };
    expect(await idOf("trace-1.a")).toBe("trace-1.a");
    expect(await idOf("two words")).toMatch(/^[0-9a-f-]{36}$/);
  });
});

function statusFor(port: number, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, path: "/api/version", headers, agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    sent.on("error", reject).end();
  });
}
