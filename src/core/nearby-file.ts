import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { suggest } from "./suggest.ts";

const mostNames = 2000;

/** The path of the file in the same folder whose name is closest to a missing one's; `undefined` when none is close. */
export async function nearbyFile(path: string): Promise<string | undefined> {
  const names = await readdir(dirname(path)).catch(() => []);
  const near = suggest(basename(path), names.slice(0, mostNames));
  return near === undefined ? undefined : join(dirname(path), near);
}
