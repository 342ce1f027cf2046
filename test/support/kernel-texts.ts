import type { CompileOptions, DeviceBuffer, Kernel } from "#src/device/device.js";
import { isAikoError } from "#src/errors.js";
import {
  argmax,
  bitmapOfBytes,
  bytesOfBitmap,
  combineBitmaps,
  compactColumns,
  concat,
  concatRows,
  convolution,
  type ElementType,
  exclusiveScan,
  expandBitmap,
  fft,
  fftMap,
  fillBitmap,
  gather,
  gemm,
  inverseRealFft,
  invertBitmap,
  isAscii,
  kernelText,
  map,
  narrow,
  nearest,
  normalizeRows,
  packFlags,
  pooling,
  propagate,
  type Reduction,
  random,
  realFft,
  reduce,
  reduceAxis,
  scanAxis,
  scatterElements,
  scatterRows,
  segmentedScan,
  selectRows,
  sliceRows,
  softmax,
  sort,
  spmm,
  spread,
  sum128,
  takeRows,
  textCase,
  textCompare,
  textConcat,
  textHash,
  textLength,
  textSubstring,
  textTest,
  trace,
  trimText,
  widen,
} from "#src/kernels/index.js";
import { FakeAdapter, FakeDevice } from "./fake-device.js";

export interface KernelText {
  readonly source: string;
  readonly options: CompileOptions;
}

/** Notes what it is asked to compile. */
class NotingDevice extends FakeDevice {
  readonly texts: KernelText[] = [];

  override compile(source: string, options: CompileOptions = {}): Promise<Kernel> {
    this.texts.push({ source, options });
    return super.compile(source, options);
  }
}

/** Every kernel text that the wrappers of `src/kernels` put together, for both kinds of device. */
export async function kernelTexts(): Promise<KernelText[]> {
  const devices = (["gpu", "cpu"] as const).map((kind) => new NotingDevice(new FakeAdapter(kind)));
  for (const device of devices) for (const enqueue of calls(device)) await refused(enqueue);
  return [...devices.flatMap(({ texts }) => texts), { source: orderedBits, options: {} }];
}

/** A library that users call. */
const orderedBits = `${kernelText("ordered-bits.wgsl")}
@group(0) @binding(0) var<storage, read_write> keys: array<u64>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let bits = ordered_f64(hash_u64(canonical_f64(f64_from_ordered(keys[id.x]))));
  let words = bitcast<vec2<u32>>(ordered_i64(i64_from_ordered(bits)));
  keys[id.x] = bitcast<u64>(vec2(ordered_f32(words.x), f32_from_ordered(words.y)));
}`;

const types: readonly ElementType[] = ["f32", "i32", "u32"];
const reductions: readonly Reduction[] = ["sum", "min", "max"];

function calls(device: FakeDevice): (() => Promise<unknown>)[] {
  const one: DeviceBuffer = device.allocate(4096);
  const work = { source: one, result: one, count: 100 };
  const product = {
    a: one,
    b: one,
    out: one,
    m: 8,
    n: 8,
    k: 8,
    batch: 1,
    strideA: 0,
    strideB: 0,
    strideC: 0,
    alpha: 1,
  };
  const image = {
    source: one,
    weights: one,
    result: one,
    batch: 1,
    groups: 1,
    inputs: 1,
    height: 4,
    width: 4,
    kernel: [3, 3],
    stride: [1, 1],
    dilation: [1, 1],
    padding: [1, 1, 1, 1],
    ceilMode: false,
  } as const;
  const signal = { source: one, result: one, outer: 1, inner: 1 };
  const sparse = {
    type: "f32",
    rowStarts: one,
    places: one,
    values: one,
    dense: one,
    result: one,
    rows: 3,
    nonzeros: 3,
  } as const;
  const near = {
    queries: 9,
    rows: 40,
    inner: 8,
    most: 3,
    queryData: one,
    rowData: one,
    mask: one,
    found: one,
  };
  const edges = { rowStarts: one, places: one, weights: one, nodes: 3 };
  const passing = {
    shares: one,
    isShared: true,
    factor: 1,
    restart: 0.5,
    before: one,
    first: one,
    after: one,
  };
  const expression = "a * b + a";
  return [
    ...types.map(
      (type) => () => map(device, { inputs: [one, one], result: one, count: 100, expression, type }),
    ),
    ...types.map((type) => () => exclusiveScan(device, { ...work, type })),
    ...reductions.map((reduction) => () => reduce(device, reduction, work)),
    () => argmax(device, work),
    ...alongAxes(one),
    ...onColumns(one),
    ...(["i64", "u64", "i128"] as const).map((type) => () => sum128(device, { ...work, type })),
    ...(["f16", "bf16"] as const).flatMap((type) => [
      () => widen(device, { ...work, type }),
      () => narrow(device, { ...work, type }),
    ]),
    ...[1, 20].flatMap((outputs) =>
      [undefined, one].map((bias) => () => convolution(device, { ...image, outputs, bias })),
    ),
    () => fftMap(device, "roll", { ...signal, count: 4, from: 4, to: 4 }, {}),
    ...[7, 2048].map((length) => () => fft(device, { ...signal, length })),
    ...[8, 9].flatMap((length) => [
      () => realFft(device, { ...signal, length }),
      () => inverseRealFft(device, { ...signal, length }),
    ]),
    ...(["uniform", "normal", "integers", "bernoulli"] as const).map(
      (distribution) => () =>
        random(device, { distribution, result: one, count: 8, seed: 1n, stream: 0, offset: 0 }),
    ),
    ...[1, 3].map((columns) => () => spmm(device, { ...sparse, columns })),
    () => spread(device, { ...sparse, columns: 3 }),
    ...(["panels", "lines"] as const).map((layout) => () => nearest(device, layout, near)),
    ...(["sum", "max", "last"] as const).flatMap((reduce) =>
      [3, 4, 16].map((columns) => () => propagate(device, { ...edges, ...passing, reduce, columns })),
    ),
    ...[true, false].map(
      (strongest) => () => trace(device, { ...edges, strongest, hop: 1, factor: 1, before: one, after: one }),
    ),
    ...(["max", "average"] as const).map((kind) => () => pooling(device, kind, { ...image, planes: 1 })),
    () => gemm(device, { ...product, type: "f64", beta: 0, transposeA: false, transposeB: false }),
    () => gemm(device, { ...product, beta: 0, transposeA: false, transposeB: true }),
    () => gemm(device, { ...product, beta: 1, c: one, transposeA: true, transposeB: false }),
  ];
}

function alongAxes(one: DeviceBuffer): (() => Promise<void>)[] {
  const { device } = one;
  const work = { source: one, result: one, type: "f32" } as const;
  const rows = { ...work, outer: 100, n: 8, inner: 1 };
  const long = { ...work, outer: 1, n: 100_000, inner: 1 };
  const columns = { ...work, outer: 1, n: 8, inner: 100 };
  const places = { indices: one, indexType: "i64", m: 8 } as const;
  const sorted = { values: one, indices: one, descending: true } as const;
  return [
    () => reduceAxis(device, { ...long, reduction: "max" }),
    () => reduceAxis(device, { ...columns, reduction: "argMin" }),
    () => reduceAxis(device, { ...rows, reduction: "logSumExp" }),
    () => softmax(device, rows),
    () => softmax(device, columns),
    () => normalizeRows(device, { ...rows, rows: 100, gamma: one, beta: one, epsilon: 1, centers: true }),
    () => packFlags(device, { flags: one, result: one, count: 8 }),
    () => scanAxis(device, { ...rows, operator: "sum" }),
    () => sort(device, { ...rows, ...sorted }),
    () => sort(device, { ...long, ...sorted }),
    () => gather(device, { ...rows, ...places, bytes: 4, shared: true, firstWrong: one }),
    () => gather(device, { ...rows, ...places, bytes: 1, shared: false }),
    () => concat(device, { ...work, bytes: 4, inputs: [{ source: one, n: 8 }], outer: 2, inner: 1 }),
    () => scatterElements(device, { ...rows, ...places, updates: one, reduction: "add" }),
  ];
}

function onColumns(one: DeviceBuffer): (() => Promise<unknown>)[] {
  const { device } = one;
  const text = { physical: "text", offsets: one, values: one } as const;
  const wide = { physical: "f64", values: one } as const;
  const bits = { physical: "bits", values: one } as const;
  const take = { rows: one, count: 100, sourceRows: 100 };
  const texts = { column: text, count: 100 };
  const bitmap = { bitmap: one, count: 100 };
  const pattern = new Uint8Array([97, 37, 98]);
  const scan = { type: "f32", source: one, validity: one, segments: { ids: one }, count: 100 } as const;
  return [
    () => combineBitmaps(device, { operation: "or", left: one, right: one, count: 100 }),
    () => invertBitmap(device, bitmap),
    () => fillBitmap(device, { value: true, count: 100 }),
    () => bitmapOfBytes(device, { bytes: one, count: 100 }),
    () => bytesOfBitmap(device, bitmap),
    () => expandBitmap(device, bitmap),
    () => selectRows(device, { mask: one, count: 100 }),
    () => compactColumns(device, { mask: one, count: 100, columns: [wide] }),
    ...[text, wide, bits].flatMap((column) => [
      () => takeRows(device, { ...take, column, mayMiss: false }),
      () => sliceRows(device, { column, first: 3, count: 50 }),
      () => concatRows(device, { columns: [{ column, count: 10 }] }),
    ]),
    () => takeRows(device, { ...take, column: wide }),
    ...(["i128", "bits"] as const).map(
      (physical) => () => scatterRows(device, { physical, source: one, rows: one, count: 9, result: one }),
    ),
    ...(["sum", "min"] as const).map((operator) => () => segmentedScan(device, { ...scan, operator })),
    ...(["less", "contains", "like"] as const).map(
      (kind) => () => textTest(device, { ...texts, test: { kind, pattern } }),
    ),
    () => textCompare(device, { kind: "equal", left: text, right: text, count: 100 }),
    () => textLength(device, { ...texts, unit: "characters" }),
    () => textSubstring(device, { ...texts, start: 2, length: 3 }),
    () => trimText(device, texts),
    () => textCase(device, { ...texts, to: "upper" }),
    () => isAscii(device, texts),
    () => textHash(device, texts),
    () => textConcat(device, { parts: [text, pattern], count: 100 }),
  ];
}

async function refused(enqueue: () => Promise<unknown>): Promise<void> {
  try {
    await enqueue();
  } catch (error) {
    if (!isAikoError(error, "UNSUPPORTED")) throw error;
  }
}
