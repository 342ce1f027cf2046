import { it } from "vitest";
import { onEveryDevice } from "../../support/devices.ts";
import { expectAgreement, f32, type Graph, i64 } from "./support.ts";

const chained = (operators: readonly (readonly [string, object?])[]): Graph["nodes"] => [
  ["Constant", "", "zero", { value_float: { float: 0 } }],
  ...operators.flatMap(([operator, attributes], at): Graph["nodes"] => [
    [operator, "x", `y${at}`, attributes as Record<string, never>],
    ["Where", `pick${at} y${at} ${at === 0 ? "zero" : `s${at - 1}`}`, `s${at}`],
  ]),
];

/** One kernel in which every row of the result is another operator of the same inputs. */
function oneRowEach(operators: readonly (readonly [string, object?])[], data: readonly number[]): Graph {
  const rows = operators.length;
  const picks = operators.map(
    (_, at) => ["bool", Uint8Array.from({ length: rows }, (_, row) => Number(row === at))] as const,
  );
  return {
    nodes: [...chained(operators), ["Identity", `s${rows - 1}`, "y"]],
    inputs: { x: f32([1, data.length], data) },
    constants: Object.fromEntries(
      picks.map(([dtype, pick], at) => [`pick${at}`, { dtype, shape: [rows, 1], data: pick }]),
    ),
    outputs: "y",
    opset: 20,
  };
}

const anywhere = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-4, -1e-4, 3.7, -3.7, 20, -20, 0.05, 7];
const positive = anywhere.map((value) => Math.abs(value) + 0.25);
const inside = anywhere.map((value) => Math.tanh(value) * 0.99);

const everywhere = [
  ["Neg"],
  ["Abs"],
  ["Erf"],
  ["Sigmoid"],
  ["Tanh"],
  ["Relu"],
  ["LeakyRelu", { alpha: { float: 0.2 } }],
  ["Elu"],
  ["Selu"],
  ["Celu", { alpha: { float: 1.5 } }],
  ["Gelu"],
  ["Gelu", { approximate: "tanh" }],
  ["HardSigmoid"],
  ["HardSwish"],
  ["Softplus"],
  ["Softsign"],
  ["Mish"],
  ["ThresholdedRelu"],
  ["Floor"],
  ["Ceil"],
  ["Round"],
  ["Sign"],
  ["Sin"],
  ["Cos"],
  ["Atan"],
  ["Sinh"],
  ["Cosh"],
  ["Asinh"],
  ["Exp"],
  ["Shrink"],
] as const;

onEveryDevice(
  "ONNX operators",
  ({ backend }, device) => {
    const check = async (graph: Graph, tolerance?: number) =>
      expectAgreement(await device(), graph, tolerance);
    const slow = backend === "cuda";
    const near = backend === "webgpu" ? 1e-3 : 2e-5;

    it("computes functions of one number", async () => {
      await check(oneRowEach(everywhere.slice(0, 15), anywhere), near);
      await check(oneRowEach(everywhere.slice(15), anywhere), near);
      await check(
        oneRowEach(
          [["Sqrt"], ["Log"], ["Reciprocal"], ["Acosh"]],
          positive.map((value) => value + 1),
        ),
        2e-5,
      );
      await check(oneRowEach([["Asin"], ["Acos"], ["Atanh"], ["Tan"]], inside), near);
    }, 60_000);

    it("broadcasts, compares, casts and selects", async () => {
      await check({
        nodes: [
          ["Add", "a b", "s"],
          ["Mul", "s c", "p"],
          ["Sub", "p a", "d"],
          ["Div", "d c", "q"],
          ["Max", "q b a", "m"],
          ["Min", "m s", "n"],
          ["Pow", "c two", "w"],
          ["Greater", "n w", "g"],
          ["Not", "g", "ng"],
          ["Where", "ng n w", "y"],
        ],
        inputs: {
          a: f32([2, 1, 5]),
          b: f32([3, 1]),
          c: f32(
            [2, 3, 5],
            Array.from({ length: 30 }, (_, at) => at + 1),
          ),
        },
        constants: { two: f32([], [2]) },
        outputs: "y",
      });
      await check({
        nodes: [
          ["Cast", "a", "i", { to: 7 }],
          ["Div", "i three", "d"],
          ["Mod", "i three", "m"],
          ["Add", "d m", "s"],
          ["Cast", "s", "f", { to: 1 }],
          ["Cast", "f", "b", { to: 9 }],
          ["Cast", "b", "y", { to: 6 }],
        ],
        inputs: { a: f32([7], [-7.9, -3, -0.5, 0, 2.9, 8, 1e6]) },
        constants: { three: i64([1], [3]) },
        outputs: "s y",
        types: { s: "i64", y: "i32" },
      });
    }, 60_000);

    it("multiplies matrices and takes what follows along", async () => {
      for (const [m, k, n] of slow || backend === "webgpu"
        ? [[9, 33, 35]]
        : [
            [1, 1, 1],
            [1, 31, 33],
            [3, 17, 64],
            [9, 33, 35],
            [65, 20, 31],
          ]) {
        await check({
          nodes: [
            ["MatMul", "x w", "p"],
            ["Add", "p b", "s"],
            ["Relu", "s", "r"],
            ["Mul", "r x2", "y"],
          ],
          inputs: { x: f32([m ?? 1, k ?? 1]), x2: f32([m ?? 1, n ?? 1]) },
          constants: { w: f32([k ?? 1, n ?? 1]), b: f32([n ?? 1]) },
          outputs: "y",
        });
      }
      await check({
        nodes: [["Gemm", "a b c", "y", { transA: 1, transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } }]],
        inputs: { a: f32([6, 10]), b: f32([40, 6]), c: f32([10, 1]) },
        outputs: "y",
      });
      await check({
        nodes: [
          ["MatMul", "a b", "y"],
          ["MatMul", "v b", "z"],
        ],
        inputs: { a: f32([2, 1, 5, 7]), b: f32([3, 7, 4]), v: f32([7]) },
        outputs: "y z",
      });
    }, 240_000);

    it("attends", async () => {
      await check({
        nodes: [
          ["Reshape", "x parts", "r"],
          ["Transpose", "r", "q", { perm: [0, 2, 1, 3] }],
          ["Transpose", "r", "k", { perm: [0, 2, 3, 1] }],
          ["MatMul", "q k", "s"],
          ["Mul", "s scale", "ss"],
          ["Softmax", "ss", "p", { axis: -1 }],
          ["MatMul", "p q", "o"],
          ["Transpose", "o", "t", { perm: [0, 2, 1, 3] }],
          ["Reshape", "t whole", "y"],
        ],
        inputs: { x: f32([2, 9, 24]) },
        constants: { parts: i64([4], [0, 0, 3, 8]), whole: i64([3], [0, -1, 24]), scale: f32([], [0.35]) },
        outputs: "y",
      });
    }, 60_000);

    it("convolves and pools", async () => {
      await check({
        nodes: [
          [
            "Conv",
            "x w b",
            "c",
            { group: 2, pads: [1, 2, 0, 1], strides: [2, 1], dilations: [1, 2], kernel_shape: [3, 2] },
          ],
          ["Relu", "c", "r"],
          ["MaxPool", "r", "y", { kernel_shape: [2, 3], strides: [1, 2], pads: [1, 0, 0, 1] }],
          ["AveragePool", "r", "z", { kernel_shape: [2, 2], auto_pad: "SAME_UPPER", count_include_pad: 1 }],
          ["GlobalAveragePool", "r", "g"],
        ],
        inputs: { x: f32([2, 4, 9, 11]) },
        constants: { w: f32([6, 2, 3, 2]), b: f32([6]) },
        outputs: "y z g",
      });
      await check({
        nodes: [
          ["Conv", "x w", "p", { auto_pad: "SAME_LOWER" }],
          ["Conv", "p one", "q"],
          ["BatchNormalization", "q s o m v", "y", { epsilon: { float: 0.001 } }],
        ],
        inputs: { x: f32([1, 3, 40]) },
        constants: {
          ...{ w: f32([5, 3, 4]), one: f32([2, 5, 1]), s: f32([2], [1, 2]), o: f32([2], [3, 4]) },
          ...{ m: f32([2], [0.1, -0.2]), v: f32([2], [0.5, 2]) },
        },
        outputs: "y",
      });
      await check({
        nodes: [
          [
            "ConvTranspose",
            "x w b",
            "y",
            { group: 2, strides: [2, 3], pads: [1, 0, 0, 1], output_padding: [1, 0] },
          ],
        ],
        inputs: { x: f32([2, 4, 5, 4]) },
        constants: { w: f32([4, 3, 3, 3]), b: f32([6]) },
        outputs: "y",
      });
    }, 60_000);

    it("reduces and normalises", async () => {
      await check({
        nodes: [
          ["ReduceSum", "x axes", "a", { keepdims: 0 }],
          ["ReduceMean", "x", "b", { axes: [0, 2] }],
          ["ReduceMax", "x", "c", { axes: [-1] }],
          ["ReduceL2", "x", "d", { axes: [1], keepdims: 0 }],
          ["ReduceLogSumExp", "x", "e", { axes: [1] }],
          ["ReduceProd", "x", "f"],
        ],
        inputs: { x: f32([3, 5, 7]) },
        constants: { axes: i64([1], [1]) },
        outputs: "a b c d e f",
      });
      await check({
        nodes: [
          ["LayerNormalization", "x g o", "a"],
          ["LogSoftmax", "x", "b", { axis: 1 }],
          ["InstanceNormalization", "x s s", "c"],
          ["ArgMax", "x", "i", { axis: 1, keepdims: 0 }],
          ["TopK", "x k", "t ti", { axis: 1, largest: 0 }],
          ["CumSum", "x one", "u", { reverse: 1, exclusive: 1 }],
        ],
        inputs: { x: f32([2, 33, 9]) },
        constants: { g: f32([9]), o: f32([9]), s: f32([33]), k: i64([1], [4]), one: i64([], [1]) },
        outputs: "a b c i t ti u",
        types: { i: "i64", ti: "i64" },
      });
    }, 60_000);

    it("gathers, scatters, pads, cuts and joins", async () => {
      await check({
        nodes: [
          ["Gather", "x many", "a", { axis: 1 }],
          ["GatherElements", "x each", "b", { axis: 1 }],
          ["GatherND", "x places", "c"],
          ["ScatterElements", "x each news", "d", { axis: 1, reduction: "add" }],
          ["ScatterND", "x places values", "e"],
          ["Pad", "x pads", "f", { mode: "reflect" }],
          ["Slice", "x starts ends axes steps", "g"],
          ["Concat", "g x", "h", { axis: 1 }],
          ["Split", "x parts", "s0 s1", { axis: 1 }],
          ["Tile", "s1 times", "j"],
          ["Trilu", "x", "l"],
        ],
        inputs: { x: f32([3, 6]) },
        constants: {
          many: i64([9], [0, 5, -1, 2, 2, 3, -6, 1, 4]),
          each: i64([3, 2], [0, -1, 2, 2, 5, 1]),
          news: f32([3, 2]),
          places: i64([2, 2], [0, 1, -1, -2]),
          values: f32([2]),
          pads: i64([4], [1, 2, 0, 3]),
          ...{ starts: i64([1], [-1]), ends: i64([1], [-100]), axes: i64([1], [1]), steps: i64([1], [-2]) },
          ...{ parts: i64([2], [4, 2]), times: i64([2], [2, 3]) },
        },
        outputs: "a b c d e f g h s0 j l",
      });
    }, 60_000);

    it("computes shapes from shapes while planning", async () => {
      await check({
        nodes: [
          ["Shape", "x", "shape"],
          ["Gather", "shape zero", "n"],
          ["Unsqueeze", "n first", "n1"],
          ["Concat", "n1 rest", "to", { axis: 0 }],
          ["Reshape", "x to", "r"],
          ["ConstantOfShape", "to2", "z"],
          ["Range", "from limit step", "q"],
          ["Expand", "x wide", "y"],
        ],
        inputs: { x: f32([4, 6]), wide: i64([3], [2, 1, 6]), to2: i64([2], [2, 3]) },
        constants: {
          ...{ zero: i64([], [0]), first: i64([1], [0]), rest: i64([1], [-1]) },
          ...{ from: f32([], [1]), limit: f32([], [4]), step: f32([], [0.5]) },
        },
        outputs: "r z q y",
      });
    }, 60_000);
  },
  { computing: true },
);
