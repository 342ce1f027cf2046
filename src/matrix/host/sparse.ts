import { AikoError } from "../../errors.ts";

type Values = Float32Array | Float64Array;

export interface CompressSizes {
  readonly rows: number;
  readonly columns: number;
}

/**
 * arrays: row and column of each entry, its value; row starts (rows + 1), columns and values to be written, in order and
 * with what stands twice added. Returns how many are left. Counting sorts, by column and then by row.
 */
export function compress(
  arrays: readonly (Uint32Array | Values)[],
  { rows, columns }: CompressSizes,
): number {
  const [rowOf, columnOf, value, starts, places, sums] = arrays as [
    Uint32Array,
    Uint32Array,
    Values,
    Uint32Array,
    Uint32Array,
    Values,
  ];
  assertWithin(rowOf, rows, "row");
  assertWithin(columnOf, columns, "column");
  const byColumn = sorted(columnOf, columns, undefined);
  const byRow = sorted(rowOf, rows, byColumn);
  let count = 0;
  let row = 0;
  starts[0] = 0;
  let last = -1;
  for (const entry of byRow) {
    const r = rowOf[entry] as number;
    const c = columnOf[entry] as number;
    if (r === row && c === last && count > (starts[row] ?? 0)) {
      sums[count - 1] = (sums[count - 1] as number) + (value[entry] as number);
      continue;
    }
    while (row < r) starts[++row] = count;
    last = c;
    places[count] = c;
    sums[count] = value[entry] as number;
    count++;
  }
  while (row < rows) starts[++row] = count;
  return count;
}

/** The order of entries by key, equal ones as they are in `order`. */
function sorted(keys: Uint32Array, range: number, order: Uint32Array | undefined): Uint32Array {
  const next = new Uint32Array(range + 1);
  for (const key of keys) next[key + 1] = (next[key + 1] ?? 0) + 1;
  for (let key = 0; key < range; key++) next[key + 1] = (next[key + 1] ?? 0) + (next[key] ?? 0);
  const result = new Uint32Array(keys.length);
  for (let at = 0; at < keys.length; at++) {
    const entry = order === undefined ? at : (order[at] as number);
    const key = keys[entry] as number;
    const place = next[key] as number;
    next[key] = place + 1;
    result[place] = entry;
  }
  return result;
}

function assertWithin(indices: Uint32Array, size: number, name: string): void {
  for (let at = 0; at < indices.length; at++) {
    if ((indices[at] as number) < size) continue;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Entry ${at} is in ${name} ${indices[at]} of a sparse matrix with ${size} ${name}s`,
      hint: `The ${name}s of entries count from 0.`,
    });
  }
}

/** arrays: row starts and columns of compressed rows. Throws INVALID_ARGUMENT naming what does not fit. */
export function checkCompressed([starts, places]: readonly Uint32Array[], { columns }: CompressSizes): void {
  if (starts === undefined || places === undefined) return;
  for (let row = 0; row + 1 < starts.length; row++) {
    const start = starts[row] as number;
    const end = starts[row + 1] as number;
    if (start <= end && end <= places.length && (row > 0 || start === 0)) continue;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Row ${row} of a sparse matrix goes from entry ${start} to ${end} of ${places.length}`,
      hint: "Row starts begin with 0, never fall and end with the number of entries.",
    });
  }
  if (starts.at(-1) !== places.length) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The last row of a sparse matrix ends at entry ${starts.at(-1)}, but there are ${places.length}`,
    });
  }
  assertWithin(places, columns, "column");
}

/** arrays: dense rows and row starts to be written. Counts what is not 0; NaN counts. Returns how many. */
export function countNonzeros([dense, starts]: readonly (Values | Uint32Array)[], columns: number): number {
  if (dense === undefined || starts === undefined) return 0;
  let count = 0;
  starts[0] = 0;
  for (let at = 0; at < dense.length; at++) {
    if (dense[at] !== 0) count++;
    if ((at + 1) % columns === 0) starts[(at + 1) / columns] = count;
  }
  return count;
}

/** arrays: dense rows, columns and values to be written. */
export function gatherNonzeros(
  [dense, places, values]: readonly (Values | Uint32Array)[],
  columns: number,
): void {
  if (dense === undefined || places === undefined || values === undefined) return;
  let count = 0;
  for (let at = 0; at < dense.length; at++) {
    if (dense[at] === 0) continue;
    places[count] = at % columns;
    values[count++] = dense[at] as number;
  }
}

/** arrays: compressed rows, and those of the transpose to be written. */
export function transposeRows(
  arrays: readonly (Uint32Array | Values)[],
  { rows, columns }: CompressSizes,
): void {
  const [starts, places, values, newStarts, newPlaces, newValues] = arrays as [
    Uint32Array,
    Uint32Array,
    Values,
    Uint32Array,
    Uint32Array,
    Values,
  ];
  newStarts.fill(0);
  for (const place of places) newStarts[place + 1] = (newStarts[place + 1] ?? 0) + 1;
  for (let c = 0; c < columns; c++) newStarts[c + 1] = (newStarts[c + 1] ?? 0) + (newStarts[c] ?? 0);
  const next = newStarts.slice();
  for (let row = 0; row < rows; row++) {
    for (let at = starts[row] as number; at < (starts[row + 1] as number); at++) {
      const place = places[at] as number;
      const to = next[place] as number;
      next[place] = to + 1;
      newPlaces[to] = row;
      newValues[to] = values[at] as number;
    }
  }
}

/** arrays: compressed rows, dense rows and the result. Rows from `first` before `end`; sums are f64. */
export function multiplyRows(
  arrays: readonly (Uint32Array | Values)[],
  { columns, first, end }: { readonly columns: number; readonly first: number; readonly end: number },
): void {
  const [starts, places, values, dense, result] = arrays as [
    Uint32Array,
    Uint32Array,
    Values,
    Values,
    Values,
  ];
  const sums = new Float64Array(columns);
  for (let row = first; row < end; row++) {
    sums.fill(0);
    for (let at = starts[row] as number; at < (starts[row + 1] as number); at++) {
      const value = values[at] as number;
      const line = (places[at] as number) * columns;
      for (let j = 0; j < columns; j++) sums[j] = (sums[j] as number) + value * (dense[line + j] as number);
    }
    result.set(sums, row * columns);
  }
}

/** arrays: compressed rows and the dense form to be written. */
export function spreadRows(arrays: readonly (Uint32Array | Values)[], columns: number): void {
  const [starts, places, values, result] = arrays as [Uint32Array, Uint32Array, Values, Values];
  result.fill(0);
  for (let row = 0; row + 1 < starts.length; row++) {
    for (let at = starts[row] as number; at < (starts[row + 1] as number); at++) {
      const to = row * columns + (places[at] as number);
      result[to] = (result[to] as number) + (values[at] as number);
    }
  }
}
