import {
  abstractFloat,
  abstractInt,
  bool,
  concretize,
  convertible,
  elementScalar,
  f16,
  f32,
  f64,
  i32,
  i64,
  isAbstract,
  matrixOf,
  type ScalarType,
  type StructType,
  type Type,
  u32,
  u64,
  vectorOf,
  voidType,
  withElement,
} from "../types.ts";

export interface Signature {
  readonly parameters: readonly Type[];
  readonly result: Type;
}

type Overload = (args: readonly Type[]) => Signature | undefined;

interface Builtin {
  readonly overloads: readonly Overload[];
  /** How it is called, for messages. */
  readonly form: string;
  /** Its result may be dropped by a call statement. */
  readonly droppable?: boolean;
  /** It writes memory or synchronises. */
  readonly impure?: boolean;
  /** The `enable` it needs. */
  readonly feature?: string;
}

const floats = [abstractFloat, f32, f16, f64];
const signedNumbers = [abstractInt, abstractFloat, i32, f32, f16, i64, f64];
const numbers = [abstractInt, abstractFloat, i32, u32, f32, f16, i64, u64, f64];
const integers = [i32, u32, i64, u64];
const narrowIntegers = [i32, u32];
const narrowNumbers = [i32, u32, f32, f16];

/** The first of `allowed` that all the elements convert to: WGSL's conversion ranks. */
function pick(args: readonly Type[], allowed: readonly ScalarType[]): ScalarType | undefined {
  const elements = args.map(elementScalar);
  return allowed.find((candidate) =>
    elements.every((element) => element !== undefined && convertible(element, candidate)),
  );
}

type Shape = "any" | "vector" | "scalar";

/** `count` arguments of one type T, a scalar or vector of `allowed`; the result follows from T. */
function same(
  count: number,
  allowed: readonly ScalarType[],
  result: (type: Type) => Type | undefined = (type) => type,
  shape: Shape = "any",
): Overload {
  return (args) => {
    const [first] = args;
    if (args.length !== count || first === undefined || first.kind === "matrix") return undefined;
    if (shape !== "any" && first.kind !== shape) return undefined;
    const element = pick(args, allowed);
    if (element === undefined) return undefined;
    const type = withElement(first, element);
    if (!args.every((arg) => withElement(arg, element) === type)) return undefined;
    const made = result(type);
    return made === undefined ? undefined : { parameters: args.map(() => type), result: made };
  };
}

/** Fixed parameter types. */
function exactly(parameters: readonly Type[], result: Type): Overload {
  return (args) =>
    args.length === parameters.length &&
    args.every((arg, index) => convertible(arg, parameters[index] ?? voidType))
      ? { parameters, result }
      : undefined;
}

const element = (type: Type): Type | undefined => elementScalar(type);
const vector3 = (type: Type): Type | undefined =>
  type.kind === "vector" && type.size === 3 ? type : undefined;

/** T, T, scalar: mix and refract with a scalar last argument. */
function vectorsThenScalar(allowed: readonly ScalarType[]): Overload {
  return (args) => {
    const [a, b, c] = args;
    if (
      args.length !== 3 ||
      a?.kind !== "vector" ||
      b?.kind !== "vector" ||
      c?.kind !== "scalar" ||
      a.size !== b.size
    )
      return undefined;
    const scalar = pick(args, allowed);
    if (scalar === undefined) return undefined;
    const type = withElement(a, scalar);
    return { parameters: [type, type, scalar], result: type };
  };
}

/** T first, then u32 counts: extractBits and insertBits. */
function bitField(values: number): Overload {
  return (args) => {
    const head = same(values, narrowIntegers)(args.slice(0, values));
    const tail = exactly([u32, u32], voidType)(args.slice(values));
    if (head === undefined || tail === undefined) return undefined;
    return { parameters: [...head.parameters, ...tail.parameters], result: head.result };
  };
}

const select: Overload = (args) => {
  const [no, yes, condition] = args;
  if (args.length !== 3 || no === undefined || yes === undefined || condition === undefined) return undefined;
  const made = same(2, [bool, ...numbers])([no, yes]);
  const [type] = made?.parameters ?? [];
  if (type === undefined) return undefined;
  const perComponent = type.kind === "vector" && condition === vectorOf(type.size, bool);
  return condition === bool || perComponent
    ? { parameters: [type, type, condition], result: type }
    : undefined;
};

const ldexp: Overload = (args) => {
  const [value, exponent] = args;
  if (args.length !== 2 || value === undefined || exponent === undefined) return undefined;
  const head = same(1, floats)([value]);
  if (head === undefined) return undefined;
  const abstract = elementScalar(head.result) === abstractFloat && elementScalar(exponent) === abstractInt;
  const whole = withElement(head.result, abstract ? abstractInt : i32);
  if (!convertible(exponent, whole)) return undefined;
  const settled =
    elementScalar(head.result) === abstractFloat && !abstract ? withElement(head.result, f32) : head.result;
  return { parameters: [settled, whole], result: settled };
};

const structures = new Map<string, StructType>();

function structure(
  name: string,
  members: readonly (readonly [string, Type])[],
  concrete?: StructType,
): StructType {
  const known = structures.get(name);
  if (known !== undefined) return known;
  const made: StructType = {
    kind: "struct",
    name,
    builtin: true,
    ...(concrete === undefined ? {} : { concrete }),
    members: members.map(([member, type]) => ({
      name: member,
      type,
      align: undefined,
      size: undefined,
      attributes: {},
    })),
  };
  structures.set(name, made);
  return made;
}

function suffix(type: Type): string {
  const scalar = elementScalar(type);
  const name = scalar === abstractFloat ? "abstract" : (scalar?.name ?? "");
  return type.kind === "vector" ? `vec${type.size}_${name}` : name;
}

function resultOf(name: string, second: string, type: Type, secondType: Type): StructType {
  const members = [
    ["fract", type],
    [second, secondType],
  ] as const;
  const concrete = isAbstract(type)
    ? resultOf(name, second, concretize(type), concretize(secondType))
    : undefined;
  return structure(`${name}_${suffix(type)}`, members, concrete);
}

const frexpResult = (type: Type) => {
  const exponent = withElement(type, isAbstract(type) ? abstractInt : i32);
  return resultOf("__frexp_result", "exp", type, exponent);
};
const modfResult = (type: Type) => resultOf("__modf_result", "whole", type, type);

/** Functions of a pointer to an atomic, then `values` values of its type. */
function atomic(values: number, result: (type: ScalarType) => Type): Overload {
  return (args) => {
    const [pointer, ...rest] = args;
    if (pointer?.kind !== "pointer" || pointer.store.kind !== "atomic" || pointer.access !== "read_write")
      return undefined;
    const scalar = pointer.store.element;
    if (rest.length !== values || !rest.every((arg) => convertible(arg, scalar))) return undefined;
    return { parameters: [pointer, ...rest.map(() => scalar)], result: result(scalar) };
  };
}

const exchanged = (type: ScalarType) =>
  structure(`__atomic_compare_exchange_result_${type.name}`, [
    ["old_value", type],
    ["exchanged", bool],
  ]);

const arrayLength: Overload = ([pointer, ...rest]) => {
  if (rest.length > 0 || pointer?.kind !== "pointer" || pointer.space !== "storage") return undefined;
  const { store } = pointer;
  return store.kind === "array" && store.count === undefined
    ? { parameters: [pointer], result: u32 }
    : undefined;
};

const uniformLoad: Overload = ([pointer, ...rest]) => {
  if (rest.length > 0 || pointer?.kind !== "pointer" || pointer.space !== "workgroup") return undefined;
  return {
    parameters: [pointer],
    result: pointer.store.kind === "atomic" ? pointer.store.element : pointer.store,
  };
};

const transpose: Overload = ([matrix, ...rest]) =>
  rest.length > 0 || matrix?.kind !== "matrix"
    ? undefined
    : { parameters: [matrix], result: matrixOf(matrix.rows, matrix.columns, matrix.element) };

const determinant: Overload = ([matrix, ...rest]) =>
  rest.length > 0 || matrix?.kind !== "matrix" || matrix.rows !== matrix.columns
    ? undefined
    : { parameters: [matrix], result: matrix.element };

const subgroupShuffle: Overload = (args) => {
  const [value, lane] = args;
  if (args.length !== 2 || value === undefined || lane === undefined) return undefined;
  const head = same(1, narrowNumbers)([value]);
  if (head === undefined) return undefined;
  const index = convertible(lane, u32) ? u32 : convertible(lane, i32) ? i32 : undefined;
  return index === undefined ? undefined : { parameters: [...head.parameters, index], result: head.result };
};

const vec = (size: number, scalar: ScalarType) => vectorOf(size, scalar);
const one = (form: string, ...overloads: Overload[]): Builtin => ({ form, overloads });
const subgroup = (form: string, ...overloads: Overload[]): Builtin => ({
  form,
  overloads,
  feature: "subgroups",
});
const barrier: Builtin = { form: "()", overloads: [exactly([], voidType)], droppable: true, impure: true };
const changing = (form: string, ...overloads: Overload[]): Builtin => ({
  form,
  overloads,
  droppable: true,
  impure: true,
});

function table(): Map<string, Builtin> {
  const made = new Map<string, Builtin>();
  const add = (names: string, builtin: Builtin) => {
    for (const name of names.split(" ")) made.set(name, builtin);
  };
  add(
    "acos acosh asin asinh atan atanh ceil cos cosh degrees exp exp2 floor fract inverseSqrt log log2 radians round saturate sin " +
      "sinh sqrt tan tanh trunc",
    one("(float)", same(1, floats)),
  );
  add("abs", one("(number)", same(1, numbers)));
  add("sign", one("(signed number)", same(1, signedNumbers)));
  add("min max", one("(number, number)", same(2, numbers)));
  add("clamp", one("(number, low, high)", same(3, numbers)));
  add("atan2 pow step", one("(float, float)", same(2, floats)));
  add("fma smoothstep", one("(float, float, float)", same(3, floats)));
  add("mix", one("(float, float, float)", same(3, floats), vectorsThenScalar(floats)));
  add("ldexp", one("(float, exponent)", ldexp));
  add("quantizeToF16", one("(f32)", same(1, [f32])));
  add("frexp", one("(float)", same(1, floats, frexpResult)));
  add("modf", one("(float)", same(1, floats, modfResult)));
  add("cross", one("(vec3, vec3)", same(2, floats, vector3, "vector")));
  add("dot", one("(vector, vector)", same(2, numbers, element, "vector")));
  add("length", one("(float vector)", same(1, floats, element)));
  add("distance", one("(float vector, float vector)", same(2, floats, element)));
  add("normalize", one("(float vector)", same(1, floats, undefined, "vector")));
  add("reflect", one("(float vector, float vector)", same(2, floats, undefined, "vector")));
  add("faceForward", one("(float vector, float vector, float vector)", same(3, floats, undefined, "vector")));
  add("refract", one("(float vector, float vector, float)", vectorsThenScalar(floats)));
  add("transpose", one("(matrix)", transpose));
  add("determinant", one("(square matrix)", determinant));
  add(
    "countLeadingZeros countOneBits countTrailingZeros firstLeadingBit firstTrailingBit reverseBits",
    one("(integer)", same(1, integers)),
  );
  add("extractBits", one("(i32 or u32, offset, count)", bitField(1)));
  add("insertBits", one("(i32 or u32, the same, offset, count)", bitField(2)));
  add("select", one("(value if false, value if true, condition)", select));
  add(
    "all any",
    one(
      "(bool vector)",
      same(1, [bool], () => bool),
    ),
  );
  add("dot4U8Packed", one("(u32, u32)", exactly([u32, u32], u32)));
  add("dot4I8Packed", one("(u32, u32)", exactly([u32, u32], i32)));
  add("pack4x8snorm pack4x8unorm", one("(vec4<f32>)", exactly([vec(4, f32)], u32)));
  add("pack2x16snorm pack2x16unorm pack2x16float", one("(vec2<f32>)", exactly([vec(2, f32)], u32)));
  add("pack4xI8 pack4xI8Clamp", one("(vec4<i32>)", exactly([vec(4, i32)], u32)));
  add("pack4xU8 pack4xU8Clamp", one("(vec4<u32>)", exactly([vec(4, u32)], u32)));
  add("unpack4x8snorm unpack4x8unorm", one("(u32)", exactly([u32], vec(4, f32))));
  add("unpack2x16snorm unpack2x16unorm unpack2x16float", one("(u32)", exactly([u32], vec(2, f32))));
  add("unpack4xI8", one("(u32)", exactly([u32], vec(4, i32))));
  add("unpack4xU8", one("(u32)", exactly([u32], vec(4, u32))));
  add("arrayLength", one("(pointer to a runtime-sized array)", arrayLength));
  add("workgroupBarrier storageBarrier textureBarrier", barrier);
  add("workgroupUniformLoad", { form: "(workgroup pointer)", overloads: [uniformLoad], impure: true });
  add(
    "atomicLoad",
    changing(
      "(atomic pointer)",
      atomic(0, (type) => type),
    ),
  );
  add(
    "atomicStore",
    changing(
      "(atomic pointer, value)",
      atomic(1, () => voidType),
    ),
  );
  add(
    "atomicAdd atomicSub atomicMax atomicMin atomicAnd atomicOr atomicXor atomicExchange",
    changing(
      "(atomic pointer, value)",
      atomic(1, (type) => type),
    ),
  );
  add("atomicCompareExchangeWeak", changing("(atomic pointer, expected, value)", atomic(2, exchanged)));
  add(
    "subgroupAdd subgroupMul subgroupExclusiveAdd subgroupExclusiveMul subgroupInclusiveAdd subgroupInclusiveMul subgroupMax subgroupMin subgroupBroadcastFirst quadSwapX quadSwapY quadSwapDiagonal",
    subgroup("(i32, u32, f32 or f16)", same(1, narrowNumbers)),
  );
  add("subgroupAnd subgroupOr subgroupXor", subgroup("(i32 or u32)", same(1, narrowIntegers)));
  add("subgroupAll subgroupAny", subgroup("(bool)", exactly([bool], bool)));
  add("subgroupBallot", subgroup("(bool)", exactly([bool], vec(4, u32))));
  add("subgroupElect", subgroup("()", exactly([], bool)));
  add(
    "subgroupBroadcast subgroupShuffle subgroupShuffleDown subgroupShuffleUp subgroupShuffleXor quadBroadcast",
    subgroup("(i32, u32, f32 or f16, lane)", subgroupShuffle),
  );
  return made;
}

export const builtins: ReadonlyMap<string, Builtin> = table();

/** Names that exist in WGSL but only for fragment shaders and textures. */
export const graphicsOnly = /^(dpdx|dpdy|fwidth)(Coarse|Fine)?$|^texture[A-Z]/;

/** Finds the overload for these arguments. */
export function resolveBuiltin(name: string, args: readonly Type[]): Signature | undefined {
  for (const overload of builtins.get(name)?.overloads ?? []) {
    const signature = overload(args);
    if (signature !== undefined) return signature;
  }
  return undefined;
}
