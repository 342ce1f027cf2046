/** Copies one vec4 a thread: what a GPU likes. */
export const copyShort = `
@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> destination: array<vec4f>;

@compute @workgroup_size(256)
fn copy(@builtin(global_invocation_id) id: vec3u) {
  destination[id.x] = source[id.x];
}
`;

/** Copies a contiguous chunk a thread: what a CPU likes. */
export const copyLong = `
override chunk = 64u;
@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> destination: array<vec4f>;

@compute @workgroup_size(64)
fn copy(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x * chunk;
  for (var i = first; i < first + chunk; i++) {
    destination[i] = source[i];
  }
}
`;

export interface MultiplyAdd {
  /** Independent chains a thread: enough of them hide the latency of one step. */
  readonly chains: number;
  /** Steps written out in the text. */
  readonly unrolled: number;
  /** Times the text is repeated by a loop. PoCL vectorises across threads only without one. */
  readonly repeats: number;
  readonly threads: number;
}

export function multiplyAdd({ chains, unrolled, repeats, threads }: MultiplyAdd): string {
  const names = Array.from({ length: chains }, (_, at) => `sum${at}`);
  const declare = names.map((name, at) => `  var ${name} = seed + ${at}.0;`).join("\n");
  const step = names.map((name) => `${name} = fma(${name}, x, y);`).join(" ");
  const steps = Array.from({ length: unrolled }, () => `    ${step}`).join("\n");
  const body = repeats === 1 ? steps : `  for (var i = 0u; i < ${repeats}u; i++) {\n${steps}\n  }`;
  return `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(${threads})
fn multiply_add(@builtin(global_invocation_id) id: vec3u) {
  let seed = f32(id.x & 7u);
  let x = 0.75 + 0.0625 * seed;
  let y = 0.25 - 0.015625 * seed;
${declare}
${body}
  result[id.x] = ${names.join(" + ")};
}
`;
}

/** The shapes that came closest to the peak, for either kind of device. */
export const multiplyAdds: Readonly<Record<"gpu" | "cpu", readonly MultiplyAdd[]>> = {
  gpu: [
    { chains: 8, unrolled: 16, repeats: 64, threads: 64 },
    { chains: 8, unrolled: 16, repeats: 64, threads: 256 },
  ],
  cpu: [
    { chains: 8, unrolled: 32, repeats: 1, threads: 256 },
    { chains: 12, unrolled: 32, repeats: 1, threads: 64 },
    { chains: 12, unrolled: 128, repeats: 1, threads: 64 },
  ],
};
