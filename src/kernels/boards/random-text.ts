import { columnsOf } from "./expression-text.ts";
import type { Parameters } from "./parameters.ts";

/** The agents' columns that are read: who they are, where they draw numbers. */
export function ownColumns(names: ReadonlySet<string>): readonly number[] {
  const columns = columnsOf(names, "me");
  return drawsRandom(names) && columns[0] !== 0 ? [0, ...columns] : columns;
}

export function drawsRandom(names: ReadonlySet<string>): boolean {
  return columnsOf(names, "random").length > 0;
}

/** Numbers of an agent's own: the counter is who it is, the step, the stage and the block. */
export function randomText(names: ReadonlySet<string>, p: Parameters): string {
  const numbers = columnsOf(names, "random");
  const lines: string[] = [];
  for (const block of new Set(numbers.map((each) => each >> 2))) {
    const counter = `vec4<u32>(me0, ${p.add("step")}, ${p.add("stage")}, ${block}u)`;
    lines.push(
      `let words${block} = philox(${counter}, vec2<u32>(${p.add("seed low")}, ${p.add("seed high")}));`,
    );
  }
  for (const each of numbers) {
    lines.push(
      `let random${each} = f32(words${each >> 2}.${"xyzw"[each & 3]} >> 8u) * 5.9604644775390625e-8;`,
    );
  }
  if (names.has("step")) lines.push(`let step = ${p.add("step")};`);
  return lines.join("\n");
}
