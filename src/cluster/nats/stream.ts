import type { JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import { AikoError } from "../../errors.ts";
import { natsError } from "./errors.ts";
import type { Link } from "./link.ts";
import { covers, overlaps } from "./subjects.ts";

const msToNs = 1_000_000;
const duplicateWindowMs = 120_000;

/**
 * Makes the stream of the namespace, or lets an existing one keep what this member's options name too. Resolves with the
 * patterns that are kept.
 */
export async function ensureStream(link: Link): Promise<readonly string[]> {
  const { settings, subjects } = link;
  if (settings.stored.length === 0) return storedPatterns(link);
  const manager = await link.manager();
  const found = await streamInfo(manager, subjects.stream);
  const before = found === undefined ? [] : found.config.subjects.map((name) => subjects.topicOf(name));
  const patterns = union([...before, ...settings.stored]);
  const wanted = patterns.map((pattern) => subjects.of(pattern));
  try {
    if (found === undefined) await manager.streams.add({ ...newStream(link), subjects: wanted });
    else if (wanted.some((name) => !found.config.subjects.includes(name))) {
      await manager.streams.update(subjects.stream, { ...found.config, subjects: wanted });
    }
  } catch (error) {
    throw natsError(error, `Cannot store ${patterns.join(", ")}`);
  }
  return patterns;
}

/** What other members have the server keep; nothing where there is no stream. */
async function storedPatterns(link: Link): Promise<readonly string[]> {
  try {
    const found = await streamInfo(await link.manager(), link.subjects.stream);
    return (found?.config.subjects ?? []).map((name) => link.subjects.topicOf(name));
  } catch (error) {
    const known = natsError(error, "Cannot ask for streams");
    if (known.code === "UNSUPPORTED") return [];
    throw known;
  }
}

async function streamInfo(manager: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (error instanceof Error && error.name === "StreamNotFoundError") return undefined;
    throw natsError(error, `Cannot ask for stream ${name}`);
  }
}

function newStream({ library, settings, subjects }: Link) {
  const { DiscardPolicy, RetentionPolicy, StorageType } = library.jetstream;
  return {
    name: subjects.stream,
    retention: RetentionPolicy.Limits,
    storage: settings.storage === "file" ? StorageType.File : StorageType.Memory,
    discard: DiscardPolicy.New,
    max_bytes: settings.maxBytes,
    max_age: settings.maxAgeMs * msToNs,
    num_replicas: settings.replicas,
    duplicate_window: Math.min(duplicateWindowMs, settings.maxAgeMs) * msToNs,
  };
}

/** Subjects of a stream must not overlap. */
function union(patterns: readonly string[]): string[] {
  const kept: string[] = [];
  for (const pattern of patterns) {
    if (kept.some((other) => covers(other, pattern))) continue;
    const rest = kept.filter((other) => !covers(pattern, other));
    const across = rest.find((other) => overlaps(other, pattern));
    if (across !== undefined) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Stored topics ${across} and ${pattern} overlap, and neither holds the other`,
        hint: "Name one pattern that covers both.",
      });
    }
    kept.splice(0, kept.length, ...rest, pattern);
  }
  return kept;
}
