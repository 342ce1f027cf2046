import { spawnSync } from "node:child_process";
import { it } from "vitest";

/** Programs whose absence fails instead of skipping. */
const required = (process.env.AIKORYU_REQUIRE_TOOLS ?? "").split(",").map((name) => name.trim());

/** Why a program cannot be used, or `undefined` where it can. */
export function findTool(name: string, args: readonly string[] = ["--version"]): string | undefined {
  const { error, status } = spawnSync(name, args, { stdio: "ignore" });
  if (error !== undefined) return `${name} is not installed`;
  return status === 0 ? undefined : `${name} does not work here`;
}

/** `it` where the program is there; otherwise a skip with its reason, or a failure where AIKORYU_REQUIRE_TOOLS names it. */
export function itWith(
  name: string,
  missing: string | undefined,
): (title: string, test: () => unknown) => void {
  return (title, test) => {
    if (missing === undefined) it(title, async () => void (await test()));
    else if (!required.includes(name)) it.skip(`${title}: ${missing}`, () => {});
    else {
      it(title, () => {
        throw new Error(`AIKORYU_REQUIRE_TOOLS names ${name}: ${missing}`);
      });
    }
  };
}
