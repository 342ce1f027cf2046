import type { Dialect, Size } from "../c/dialect.ts";
import { inline } from "./definition.ts";
import { halfHelpers } from "./half.ts";
import { prelude } from "./prelude.ts";

/** What nvcc or NVRTC must be told beside the text. */
export function cudaOptions(contract: boolean): string[] {
  return ["--std=c++17", ...(contract ? [] : ["--fmad=false"])];
}

/** CUDA C++17 that includes nothing. The namespace keeps our names from CUDA's own. */
export const cuda: Dialect = {
  language: "CUDA C++",
  scalars: {
    bool: "bool",
    i32: "int",
    u32: "uint",
    f32: "float",
    f16: "float",
    i64: "i64",
    u64: "u64",
    f64: "double",
  },
  suffixes: { i64: "LL", u64: "ULL" },
  wideMatrices: false,
  namesMembers: false,
  jumpsOverDeclarations: false,
  subgroups: true,
  inline: `${inline} `,
  static: "static __device__ ",
  restrict: "__restrict__",
  watchdog: {
    parameter: "volatile uint* stop",
    parameters: ["volatile uint* stop", "uint& polls"],
    arguments: ["stop", "polls"],
    locals: ["uint polls = 0u;"],
    // The flag is in the host's memory: every 1,024th look is enough, and once it is raised every look counts.
    poll: "if ((++polls & 1023u) == 0u && *stop != 0u) { polls--; break; }",
  },
  helpers: halfHelpers,

  wrap(code, { contract, divergent }) {
    return [
      `// nvcc --ptx -x cu ${cudaOptions(contract).join(" ")}`,
      // Unreachable statements, unused names and needless comparisons are the WGSL author's own affair.
      "#pragma nv_diag_suppress 111, 128, 174, 177, 186, 550",
      "namespace wgsl {",
      ...prelude(code, divergent),
      ...code,
      "}",
    ];
  },
  vector: (lane, size) => `${lane}x${size}`,
  construct: (type, parts) => `${type}(${parts.join(", ")})`,
  lane: (vector, index) => `${vector}.e[${index}]`,
  swizzle: (vector, lanes) =>
    lanes.length === 1 ? `${vector}.e[${lanes[0]}]` : `swizzle<${lanes.join(", ")}>(${vector})`,
  dynamicLane(_, size) {
    const lanes = Array.from({ length: size - 1 }, (__, at) => `i == ${at}u ? v.e[${at}] : `);
    return `return ${lanes.join("")}v.e[${size - 1}];`;
  },
  reinterpret: (type, text) => `as<${type}>(${text})`,
  convert: (type, text, saturate) => `convert${saturate ? "_sat" : ""}<${type}>(${text})`,
  mask: (_bytes, _size, text) => text,
  choose: (_bytes, _size, no, yes, mask) => `select(${no}, ${yes}, ${mask})`,
  space: (space) => (space === "constant" ? "const " : ""),
  constant: (type, name, initializer) => `__device__ const ${type} ${name} = ${initializer};`,
  shared: (type, name) => `alignas(16) __shared__ ${type} ${name};`,
  kernel: (name, parameters, [x, y, z]) =>
    `extern "C" __global__ void __launch_bounds__(${x * y * z}) ${name}(${parameters.join(", ")}) {`,
  barrier: () => "__syncthreads()",
  input,
  linearIndex,
};

function linearIndex([x, y, z]: Size): string {
  if (y === 1 && z === 1) return "threadIdx.x";
  return `(threadIdx.x + threadIdx.y * ${x}u${z === 1 ? "" : ` + threadIdx.z * ${x * y}u`})`;
}

const dimensions = ["x", "y", "z"] as const;

function three(part: (dimension: "x" | "y" | "z", at: 0 | 1 | 2) => string): string {
  const [x, y, z] = dimensions;
  return `uintx3(${part(x, 0)}, ${part(y, 1)}, ${part(z, 2)})`;
}

function input(name: string, size: Size): string {
  const [x, y, z] = size;
  const group = "(blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z))";
  switch (name) {
    case "local_invocation_id":
      return three((dimension) => `threadIdx.${dimension}`);
    case "global_invocation_id":
      return three((dimension, at) => `blockIdx.${dimension} * ${size[at]}u + threadIdx.${dimension}`);
    case "workgroup_id":
      return three((dimension) => `blockIdx.${dimension}`);
    case "num_workgroups":
      return three((dimension) => `gridDim.${dimension}`);
    case "local_invocation_index":
      return linearIndex(size);
    case "workgroup_index":
      return group;
    case "global_invocation_index": {
      const global = (dimension: "x" | "y" | "z", at: 0 | 1 | 2) =>
        `(blockIdx.${dimension} * ${size[at]}u + threadIdx.${dimension})`;
      const across = (dimension: "x" | "y", at: 0 | 1) => `gridDim.${dimension} * ${size[at]}u`;
      return `${global("x", 0)} + ${across("x", 0)} * (${global("y", 1)} + ${across("y", 1)} * ${global("z", 2)})`;
    }
    case "subgroup_size":
      return "32u";
    case "subgroup_invocation_id":
      return `${linearIndex(size)} & 31u`;
    case "subgroup_id":
      return `${linearIndex(size)} >> 5`;
    case "num_subgroups":
      return `${Math.ceil((x * y * z) / 32)}u`;
    default:
      return "0u";
  }
}
