import { readFileSync, statSync } from "node:fs";
import { keyText } from "../core/key-text.ts";
import type { KernelBinding, Target, TranslateOptions, Translation } from "../wgsl/index.ts";
import type { KernelCache } from "./cache.ts";
import { translator } from "./translator.ts";

const maxRemembered = 256;
const remembered = new Map<string, Promise<Translation>>();

/** A translation from memory, from the disk cache, or made now. Rejects as `translate` throws. */
export function translated(
  source: string,
  target: Target,
  options: TranslateOptions,
  cache: KernelCache | undefined,
): Promise<Translation> {
  const key = keyText([source, target, options, cache?.directory]);
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const translation =
    cache === undefined
      ? translator.translate(source, target, options)
      : fromDisk(source, target, options, cache);
  if (remembered.size >= maxRemembered) {
    for (const oldest of remembered.keys()) {
      remembered.delete(oldest);
      break;
    }
  }
  remembered.set(key, translation);
  translation.catch(() => remembered.delete(key));
  return translation;
}

async function fromDisk(
  source: string,
  target: Target,
  options: TranslateOptions,
  cache: KernelCache,
): Promise<Translation> {
  const digest = cache.key([translatorVersion(), source, target, keyText(options)]);
  const key = `translation-${digest}`;
  const stored = await cache.load(key);
  if (stored !== undefined) return decode(stored);
  const translation = await translator.translate(source, target, options);
  await cache.store(key, encode(translation));
  return translation;
}

function encode(translation: Translation): Uint8Array {
  return Buffer.from(JSON.stringify({ ...translation, requires: [...translation.requires] }));
}

function decode(stored: Uint8Array): Translation {
  const value = JSON.parse(Buffer.from(stored).toString("utf8"));
  const bindings = value.bindings.map((binding: KernelBinding) => ({
    ...binding,
    elementStride: binding.elementStride,
  }));
  return { ...value, bindings, requires: new Set(value.requires) };
}

let version: string | undefined;

/** Changes whenever the translator may have: the package's version and, in a clone, its last build. */
function translatorVersion(): string {
  if (version !== undefined) return version;
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const build = statSync(new URL("../.tsbuildinfo", import.meta.url), { throwIfNoEntry: false });
  version = JSON.stringify([manifest.version, build?.size, build?.mtimeMs]);
  return version;
}
