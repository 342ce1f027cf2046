import { Matrix } from "aikoryu/matrix";
import { interleaved, randomFloats } from "./harness.mjs";

/**
 * @typedef {import("./index.mjs").Row} Row
 * @typedef {import("./index.mjs").Bench} Bench
 */

const elements = [
  1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 131_072, 262_144, 524_288, 1_048_576, 4_194_304, 10_000_000,
];
const learningCalls = 12;
const tolerated = 1.15;

/**
 * Every registered operation over sizes from 1 to 10^7 elements: where `auto` went against both places forced.
 * @param {Bench} bench @returns {Promise<Row[]>}
 */
export async function rows({ gpu, device, progress }) {
  if (device === undefined) return [];
  const sides = elements.map((count) => Math.round(Math.sqrt(count)));
  const operands = (/** @type {number} */ side) => [
    randomFloats(side * side, 1),
    randomFloats(side * side, 2),
  ];

  /** @param {Float32Array[]} data @param {number} side @param {"auto" | "gpu" | "cpu"} placement */
  const multiply = async ([a, b], side, placement, report = false) => {
    const left = Matrix.from(a, [side, side]);
    const right = Matrix.from(b, [side, side]);
    const strict = placement === "gpu";
    const product = await gpu.matrix.multiply(left, right, { placement, strict, report });
    await product.read();
    for (const matrix of [left, right, product]) matrix.dispose();
    return product.report;
  };

  progress("matrix.multiply: learning");
  for (const side of sides) {
    const data = operands(side);
    for (const placement of /** @type {const} */ (["cpu", "gpu"])) {
      for (let i = 0; i < 4; i++) await multiply(data, side, placement);
    }
    for (let i = 0; i < learningCalls; i++) await multiply(data, side, "auto");
  }

  /** @type {Row[]} */
  const made = [];
  for (const side of sides) {
    progress(`matrix.multiply ${side}x${side}: taking turns`);
    const data = operands(side);
    const ms = await interleaved(
      ["cpu", "gpu"].map((name) => ({
        name,
        run: () => multiply(data, side, /** @type {"cpu" | "gpu"} */ (name)),
      })),
      { rounds: 9, budgetMs: 2_000 },
    );
    const report = await multiply(data, side, "auto", true);
    const [cpuMs, gpuMs] = [ms.get("cpu") ?? Number.NaN, ms.get("gpu") ?? Number.NaN];
    const chosen = report?.placement === "gpu" ? gpuMs : cpuMs;
    made.push({
      family: "runtime",
      operation: "placement of matrix.multiply",
      case: `${side}x${side}`,
      ours: {
        ms: chosen,
        placement: report?.placement ?? "unknown",
        device: report?.device ?? "unknown",
        reason: report?.reason ?? "",
      },
      gpuMs,
      cpuMs,
      peers: [],
      ratio: Math.min(cpuMs, gpuMs) / chosen,
      limit: null,
    });
  }
  progress("calls that do nothing");
  made.push(await overheadRow(gpu, device.adapter.id));
  const sized = made.filter(({ case: title }) => /^\d+x\d+$/.test(title));
  const good = sized.filter(({ ratio }) => (ratio ?? 0) * tolerated >= 1).length / sized.length;
  made.push({
    family: "runtime",
    operation: "placement",
    case: `sizes placed within 15 % of the better place, of ${sized.length}`,
    ours: { ms: 0, placement: "auto", device: device.adapter.id, reason: "" },
    gpuMs: null,
    cpuMs: null,
    peers: [],
    ratio: null,
    limit: { kind: "rate", unit: "of sizes", measured: sized.length, share: good },
  });
  return made;
}

const emptyCalls = 20_000;
const mostMicroseconds = 20;

/** What a call costs beside its work. @param {Bench["gpu"]} gpu @param {string} device @returns {Promise<Row>} */
async function overheadRow(gpu, device) {
  const quick = { overheadMs: 0.001, flopsPerMs: 1e9, bytesPerMs: 1e9 };
  const slow = { overheadMs: 100, flopsPerMs: 1, bytesPerMs: 1 };
  const empty = {
    name: "nothing",
    engine: "nothing",
    rates: { engine: quick, gpu: slow, cpu: slow },
    work: () => ({ flops: 1, bytes: 1, hostBytes: 1, deviceBytes: 0, resultBytes: 0 }),
    gpu: async () => 0,
    cpu: async () => 0,
  };
  const run = async () => {
    for (let i = 0; i < emptyCalls; i++) await gpu.runtime.run(empty, 0);
  };
  const ms =
    ((await interleaved([{ name: "auto", run }], { rounds: 7 })).get("auto") ?? Number.NaN) / emptyCalls;
  return {
    family: "runtime",
    operation: "a call that does nothing",
    case: `placed on the CPU; ${mostMicroseconds} us are allowed`,
    ours: { ms, placement: "cpu", device, reason: "" },
    gpuMs: null,
    cpuMs: ms,
    peers: [],
    ratio: null,
    limit: { kind: "rate", unit: "us", measured: mostMicroseconds, share: (ms * 1000) / mostMicroseconds },
  };
}
