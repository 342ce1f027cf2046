import type { KV } from "@nats-io/kv";
import { assertPattern, assertTopic } from "../../agents/bus/topic.ts";
import type { SharedContext } from "../../agents/index.ts";
import { AikoError } from "../../errors.ts";
import { decodeValue, encodeValue } from "./codec.ts";
import { natsError } from "./errors.ts";
import type { Link } from "./link.ts";
import { escapeName } from "./names.ts";

/** A table of the namespace, as a bucket of the server's key-value store. */
export async function openContext(link: Link, name: string): Promise<SharedContext> {
  if (!/^[\w-]+$/.test(name)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The context's name is ${JSON.stringify(name)}, not letters, digits, "-" and "_"`,
    });
  }
  const { library, settings, client } = link;
  const { Kvm } = library.kv;
  const { StorageType } = library.jetstream;
  const during = async <T>(doing: string, act: () => Promise<T>) => {
    try {
      return await act();
    } catch (error) {
      throw natsError(error, doing);
    }
  };
  await link.manager();
  const table: KV = await during(`Cannot open context ${name}`, () =>
    new Kvm(client).create(`${settings.namespace}_${name}`, {
      history: 1,
      storage: settings.storage === "file" ? StorageType.File : StorageType.Memory,
      replicas: settings.replicas,
    }),
  );
  const set = (key: string, bytes: Uint8Array, revision: number | undefined) => {
    if (revision === undefined) return table.put(keyOf(key), bytes);
    return revision === 0 ? table.create(keyOf(key), bytes) : table.update(keyOf(key), bytes, revision);
  };
  return {
    get: (key) =>
      during(`Cannot read ${key} of ${name}`, async () => {
        const entry = await table.get(keyOf(key));
        if (entry === null || entry.operation !== "PUT") return undefined;
        return { value: decodeValue(entry.value, `${key} of ${name}`), revision: entry.revision };
      }),
    set: (key, value, { revision } = {}) =>
      during(`Cannot write ${key} of ${name}`, () => set(key, encodeValue(value, key), revision)),
    delete: (key) => during(`Cannot delete ${key} of ${name}`, () => table.delete(keyOf(key))),
    keys: () =>
      during(`Cannot list ${name}`, async () => {
        const keys: string[] = [];
        for await (const key of await table.keys()) keys.push(textOf(key));
        return keys;
      }),
    async *watch(pattern, { signal } = {}) {
      const doing = `Cannot watch ${pattern} of ${name}`;
      const changes = await during(doing, () => table.watch({ key: patternOf(pattern) }));
      const stop = () => changes.stop();
      signal?.addEventListener("abort", stop, { once: true });
      try {
        if (signal?.aborted) return;
        for await (const { key, value, revision, operation } of changes) {
          const now = operation === "PUT" ? decodeValue(value, `${textOf(key)} of ${name}`) : undefined;
          yield { key: textOf(key), value: now, revision };
        }
      } finally {
        signal?.removeEventListener("abort", stop);
        stop();
      }
    },
  };
}

/** The store takes few characters; others, and "=" itself, are written as "=" and two digits for each byte. */
function keyOf(key: string): string {
  assertTopic(key);
  return escapeName(key, /[^\w.-]/gu);
}

function patternOf(pattern: string): string {
  assertPattern(pattern);
  return escapeName(pattern, /[^\w.*>-]/gu);
}

function textOf(key: string): string {
  if (!key.includes("=")) return key;
  const bytes = key.replace(/=([0-9a-f]{2})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}
