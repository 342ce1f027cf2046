import { networks } from "../../bench/networks/index.mjs";
import { bindMatrix } from "../../dist/matrix/family.js";
import { Matrix } from "../../dist/matrix/index.js";
import { bindNn } from "../../dist/nn/family.js";
import { Runtime } from "../../dist/runtime/index.js";
import { medianMs } from "./clock.mjs";

const tolerance = 2e-3;
const cpu = { placement: "cpu" };

/** Numbers in [-1, 1), the same each time. */
function floats(length, seed) {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/** What stays resident, and a call on it; each result is compared with the CPU path's. */
function cases(m, kind) {
  const scale = kind === "gpu" ? 1 : 1 / 16;
  const count = Math.round(2 ** 24 * scale);
  const rows = Math.round(8192 * scale);
  const vector = Matrix.from(floats(count, 1), [count]);
  const table = Matrix.from(floats(rows * 1024, 2), [rows, 1024]);
  const complex = Matrix.from(floats(2 ** 21 * scale, 3), [2 ** 20 * scale, 2]);
  const image = Matrix.from(floats(8 * 64 * 56 * 56, 4), [8, 64, 56, 56]);
  const filters = Matrix.from(floats(64 * 64 * 9, 5), [64, 64, 3, 3]);
  const size = kind === "gpu" ? 1024 : 128;
  const square = Matrix.from(
    floats(size * size, 6).map((value, at) => (at % (size + 1) === 0 ? value + size / 4 : value)),
    [size, size],
  );
  const right = Matrix.from(floats(size, 7), [size, 1]);
  const six = (x) => m.sub(m.mul(m.sqrt(m.abs(m.add(m.mul(x, 1.5), 0.25))), 3), x);
  return {
    "six elementwise operations": { bytes: count * 8, run: (options) => m.evaluate(six(vector), options) },
    "sum of each row": { bytes: rows * 4096, run: (options) => m.sum(table, { axis: 1, ...options }) },
    "softmax of each row": {
      bytes: rows * 8192,
      run: (options) => m.softmax(table, { axis: 1, ...options }),
    },
    sort: { bytes: count * 8, run: (options) => m.sort(vector, options) },
    "Fourier transform": { bytes: complex.size * 8, run: (options) => m.fft(complex, options) },
    "convolution, 64 channels, 56x56, batch 8": {
      flops: 2 * 8 * 64 * 64 * 9 * 56 * 56,
      run: (options) => m.conv2d(image, filters, { padding: 1, ...options }),
    },
    [`solve ${size}`]: { flops: (2 / 3) * size ** 3, run: (options) => m.solve(square, right, options) },
  };
}

async function numbersOf(result) {
  const values = (await result.read()).slice();
  result.dispose();
  return values;
}

function difference(a, b) {
  let worst = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let at = 0; at < a.length; at++) {
    const apart = Math.abs(a[at] - b[at]) / Math.max(1, Math.abs(b[at]));
    if (!(apart <= worst)) worst = apart;
  }
  return worst;
}

/** Operations of gpu.matrix on resident data and networks from host memory, compared with the CPU path where there is one. */
export async function operations(adapter, clock) {
  const runtime = new Runtime({ adapters: async () => [adapter] });
  const on = { placement: "gpu", strict: true };
  const rows = [];
  const measure = async (operation, amounts, run, values) => {
    if (clock.leftMs() < 20_000) return;
    const found = await values(await run(on));
    const expected = await Promise.resolve()
      .then(async () => values(await run(cpu)))
      .catch((error) => {
        if (error.code === "ENGINE_MISSING") return undefined;
        throw error;
      });
    const apart = expected === undefined ? undefined : difference(found, expected);
    const ms = await medianMs(async () => {
      (await run(on)).dispose?.();
    });
    rows.push({ operation, ms, ...amounts, difference: apart, wrong: apart > tolerance });
  };
  try {
    for (const [operation, { run, ...amounts }] of Object.entries(cases(bindMatrix(runtime), adapter.kind))) {
      await measure(operation, amounts, run, numbersOf);
    }
    for (const make of networks) await networkRows(bindNn(runtime), make(), measure);
    return { rows };
  } finally {
    await runtime.dispose();
  }
}

async function networkRows(nn, network, measure) {
  const model = await nn.load(network.model);
  try {
    for (const batch of [1, 256]) {
      const shape = network.inputShape(batch);
      const data = floats(
        shape.reduce((product, size) => product * size, 1),
        8,
      );
      const run = (options) => model.run({ x: { data, shape } }, { ...options, batch: false });
      await measure(`${network.name}, batch ${batch}`, {}, run, ({ outputs }) => outputs.y.data);
    }
  } finally {
    await model.dispose();
  }
}
