import { createHash } from "node:crypto";

/** Servers take 255 characters. */
const longest = 200;

/** Letters, digits, "-" and "_" stay as they are; others, and "=" itself, become "=" and two digits for each byte. */
export function escapeName(text: string, others: RegExp = /[^\w-]/gu): string {
  return text.replace(others, (character) =>
    [...Buffer.from(character)].map((byte) => `=${byte.toString(16).padStart(2, "0")}`).join(""),
  );
}

/** The name of a group on the server, which ends the name of one at a space. */
export function queueName(group: string): string {
  return shortened(escapeName(group));
}

/**
 * The name of a consumer that others share: of a durable name there is one, of a group one for each pattern. `undefined`
 * where nobody named it.
 */
export function consumerName(
  pattern: string,
  group: string | undefined,
  durable: string | undefined,
): string | undefined {
  if (durable === undefined)
    return group === undefined ? undefined : shortened(`group_${escapeName(group)}_${escapeName(pattern)}`);
  const shared = group === undefined ? "" : `_${escapeName(group)}`;
  return shortened(`durable_${escapeName(durable)}${shared}`);
}

function shortened(name: string): string {
  if (name.length <= longest) return name;
  return `${name.slice(0, 100)}_${createHash("sha256").update(name).digest("hex")}`;
}
