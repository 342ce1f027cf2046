import type { Parameters } from "./parameters.ts";
import type { BoardForm } from "./program.ts";

/** `cell_at(axis places) -> i32` of each axis of space: monotone, so that neighbours in space are neighbours here. */
export function spaceText(form: BoardForm, p: Parameters): string {
  return axesOf(form)
    .map(
      (axis) => `fn cell_${axis}(place: f32) -> i32 {
  let cell = (place - ${p.f32(`origin ${axis}`)}) * ${p.f32(`cells per unit ${axis}`)};
  let most = ${p.add(`cells ${axis}`)} - 1u;
  return i32(min(u32(clamp(cell, 0.0, f32(most))), most));
}
`,
    )
    .join("");
}

export function axesOf({ dimensions }: BoardForm): readonly number[] {
  return [0, 1, 2].slice(0, dimensions);
}

/**
 * Statements that make `key` and `isPlaced` of a message's place, given by the texts of its values: f32 in space, whole
 * numbers elsewhere.
 */
export function placeText(form: BoardForm, places: readonly string[], p: Parameters): string {
  switch (form.kind) {
    case "brute":
      return "let key = 0u; let isPlaced = true;";
    case "spatial": {
      const finite = (text: string) => `(bitcast<u32>(${text}) & 0x7fffffffu) < 0x7f800000u`;
      const within = (text: string, axis: number) =>
        form.wrap
          ? `${text} >= ${p.f32(`origin ${axis}`)} && ${text} < ${p.f32(`end ${axis}`)}`
          : finite(text);
      const cells = places.map((text, axis) => `u32(cell_${axis}(${text}))`);
      return `let isPlaced = ${places.map(within).join(" && ")};
    let key = ${keyText(cells, p)};`;
    }
    default: {
      const within = places.map((text, axis) => `${text} < ${p.add(`cells ${axis}`)}`);
      return `let isPlaced = ${within.join(" && ")};
    let key = ${keyText(places, p)};`;
    }
  }
}

/** Cells row by row: the first axis runs fastest. */
export function keyText(cells: readonly string[], p: Parameters): string {
  const [x = "0u", y, z] = cells;
  const [nx, ny] = [p.add("cells 0"), p.add("cells 1")];
  if (y === undefined) return x;
  return z === undefined ? `${y} * ${nx} + ${x}` : `(${z} * ${ny} + ${y}) * ${nx} + ${x}`;
}

/** What `placeText` and `runsText` read. */
export function formValues(form: BoardForm): Readonly<Record<string, number>> {
  const values: Record<string, number> = {
    limit: Math.min(form.limit, 0xffffffff),
    vertices: form.vertices,
    radius_squared: floatBits(Math.fround(form.radius) ** 2),
  };
  for (const axis of axesOf(form)) {
    const origin = form.origin[axis] ?? 0;
    const period = form.period[axis] ?? 0;
    values[`cells ${axis}`] = form.cells[axis] ?? 1;
    values[`reach ${axis}`] = form.reach[axis] ?? 0;
    values[`origin ${axis}`] = floatBits(origin);
    values[`end ${axis}`] = floatBits(Math.fround(origin + period));
    values[`cells per unit ${axis}`] = floatBits(form.cellsPerUnit[axis] ?? 0);
    values[`period ${axis}`] = floatBits(period);
    values[`half period ${axis}`] = floatBits(Math.fround(period / 2));
  }
  return values;
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

function floatBits(value: number): number {
  float[0] = value;
  return word[0] ?? 0;
}
