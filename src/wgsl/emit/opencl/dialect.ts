import type { Dialect, Size } from "../c/dialect.ts";
import { halfFunctions, halfHelpers } from "./half.ts";

/** OpenCL C 1.2. */
export const opencl: Dialect = {
  language: "OpenCL C 1.2",
  scalars: {
    bool: "bool",
    i32: "int",
    u32: "uint",
    f32: "float",
    f16: "float",
    i64: "long",
    u64: "ulong",
    f64: "double",
  },
  suffixes: { i64: "L", u64: "UL" },
  wideMatrices: true,
  namesMembers: true,
  jumpsOverDeclarations: true,
  subgroups: false,
  inline: "static inline ",
  static: "static ",
  restrict: "restrict",
  watchdog: {
    parameter: "volatile __global uint* stop",
    parameters: ["volatile __global uint* stop"],
    arguments: ["stop"],
    locals: [],
    poll: "if (*stop) break;",
  },
  helpers: halfHelpers,

  wrap(code, { contract, half, double }) {
    return [
      `#pragma OPENCL FP_CONTRACT ${contract ? "ON" : "OFF"}`,
      ...(double ? ["#pragma OPENCL EXTENSION cl_khr_fp64 : enable"] : []),
      ...(half ? halfFunctions : []),
      ...code,
    ];
  },
  vector: (lane, size) => `${lane}${size}`,
  construct: (type, parts) => `(${type})(${parts.join(", ")})`,
  lane: (vector, index) => `${vector}.s${index.toString(16)}`,
  swizzle: (vector, lanes) => `${vector}.s${lanes.map((lane) => lane.toString(16)).join("")}`,
  dynamicLane: (lane) => `return ((${lane}*)&v)[i];`,
  reinterpret: (type, text) => `as_${type}(${text})`,
  convert: (type, text, saturate) => `convert_${type}${saturate ? "_sat" : ""}(${text})`,
  mask: (bytes, size, text) => (bytes === 8 ? `convert_int${size}(${text})` : text),
  choose: (bytes, size, no, yes, mask) =>
    `select(${no}, ${yes}, ${bytes === 8 ? `convert_long${size}(${mask})` : mask})`,
  space(space) {
    if (space === "storage" || space === "uniform") return "__global ";
    return space === "workgroup" ? "__local " : space === "constant" ? "__constant " : "";
  },
  constant: (type, name, initializer) => `__constant ${type} ${name} = ${initializer};`,
  shared: (type, name) => `__local ${type} ${name} __attribute__((aligned(16)));`,
  kernel: (name, parameters, size) =>
    `__kernel __attribute__((reqd_work_group_size(${size.join(", ")}))) void ${name}(${parameters.join(", ")}) {`,
  barrier: (space) => `barrier(${space === "workgroup" ? "CLK_LOCAL_MEM_FENCE" : "CLK_GLOBAL_MEM_FENCE"})`,
  input,
  linearIndex,
};

function linearIndex([x, y, z]: Size): string {
  if (y === 1 && z === 1) return "(uint)get_local_id(0)";
  return `(uint)(get_local_id(0) + get_local_id(1) * ${x} + get_local_id(2) * ${x * y})`;
}

function input(name: string, size: Size): string {
  const three = (call: string) => `(uint3)((uint)${call}(0), (uint)${call}(1), (uint)${call}(2))`;
  switch (name) {
    case "local_invocation_id":
      return three("get_local_id");
    case "global_invocation_id":
      return three("get_global_id");
    case "workgroup_id":
      return three("get_group_id");
    case "num_workgroups":
      return three("get_num_groups");
    case "local_invocation_index":
      return linearIndex(size);
    case "workgroup_index":
      return "(uint)(get_group_id(0) + get_num_groups(0) * (get_group_id(1) + get_num_groups(1) * get_group_id(2)))";
    case "global_invocation_index":
      return "(uint)(get_global_id(0) + get_global_size(0) * (get_global_id(1) + get_global_size(1) * get_global_id(2)))";
    default:
      return "0u";
  }
}
