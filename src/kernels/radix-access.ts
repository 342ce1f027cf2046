import type { IndexType, SortOrder } from "./sort-text.ts";

export interface Pass extends SortOrder {
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly indexType: IndexType;
  /** Whether the last pass writes the numbers, or the indices alone. */
  readonly withValues: boolean;
}

/** Bindings of a radix pass, and `key_at`, `index_at` and `put`. Rows stand in a row in between, and as lines at both ends. */
export function accessText(pass: Pass): string {
  return [
    pass.isFirst ? readSource : readScratch(pass.withIndices),
    pass.isLast ? writeResult(pass) : writeScratch(pass.withIndices),
  ].join("");
}

const readSource = `@group(0) @binding(1) var<storage, read> source: array<E>;
fn number_at(row: u32, at: u32) -> E {
  return source[(row / parameters.inner * parameters.n + at) * parameters.inner + row % parameters.inner];
}
fn key_at(row: u32, at: u32) -> U { return radix_of(number_at(row, at)); }
fn index_at(row: u32, at: u32) -> u32 { return at; }
`;

const readScratch = (withIndices: boolean) => `@group(0) @binding(2) var<storage, read> keys_in: array<U>;
${withIndices ? "@group(0) @binding(3) var<storage, read> indices_in: array<u32>;" : ""}
fn key_at(row: u32, at: u32) -> U { return keys_in[row * parameters.n + at]; }
fn index_at(row: u32, at: u32) -> u32 { return ${withIndices ? "indices_in[row * parameters.n + at]" : "at"}; }
`;

const writeScratch = (
  withIndices: boolean,
) => `@group(0) @binding(4) var<storage, read_write> keys_out: array<U>;
${withIndices ? "@group(0) @binding(5) var<storage, read_write> indices_out: array<u32>;" : ""}
fn put(row: u32, at: u32, key: U, index: u32) {
  keys_out[row * parameters.n + at] = key;
  ${withIndices ? "indices_out[row * parameters.n + at] = index;" : ""}
}
`;

/** Numbers come from the source where the index says from where: keys forget the sign of zeros and NaN's bits. */
function writeResult({ isFirst, withIndices, withValues, indexType }: Pass): string {
  const values = withValues ? "@group(0) @binding(6) var<storage, read_write> values: array<E>;\n" : "";
  const indices = withIndices
    ? `@group(0) @binding(7) var<storage, read_write> indices: array<${indexType}>;\n`
    : "";
  const source =
    withIndices && withValues && !isFirst
      ? `@group(0) @binding(1) var<storage, read> source: array<E>;
fn number_at(row: u32, at: u32) -> E {
  return source[(row / parameters.inner * parameters.n + at) * parameters.inner + row % parameters.inner];
}
`
      : "";
  const index = indexType === "u32" ? "index" : `${indexType}(index)`;
  return `${values}${indices}${source}
fn put(row: u32, at: u32, key: U, index: u32) {
  if (at < parameters.keep) {
    let to = (row / parameters.inner * parameters.keep + at) * parameters.inner + row % parameters.inner;
    ${withValues ? `values[to] = ${withIndices ? "number_at(row, index)" : "number_of(key)"};` : ""}
    ${withIndices ? `indices[to] = ${index};` : ""}
  }
}
`;
}
