import { spawnSync } from "node:child_process";
import { describe, expect } from "vitest";
import { bindMatrix, Matrix } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { definite } from "../kernels/linalg-support.js";
import { randomFloats } from "../kernels/support.js";
import { adapters } from "../support/devices.js";
import { findTool, itWith } from "../support/tools.js";

const script = `
import json, sys
import numpy as np
def read(one): return np.array(one["data"], dtype=np.float64).reshape(one["shape"])
def write(value): return np.asarray(value, dtype=np.float64).ravel().tolist()
asked = json.load(sys.stdin)
found = {}
for name, call in asked.items():
    arrays = [read(one) for one in call["operands"]]
    found[name] = [write(value) for value in eval(call["expression"], {"np": np, "x": arrays})]
json.dump(found, sys.stdout)
`;

interface Call {
  readonly expression: string;
  readonly operands: readonly { readonly shape: readonly number[]; readonly data: readonly number[] }[];
}

function numpy(calls: Readonly<Record<string, Call>>): Readonly<Record<string, readonly number[][]>> {
  const { stdout, stderr, status } = spawnSync("python3", ["-c", script], {
    input: JSON.stringify(calls),
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
  });
  if (status !== 0) throw new Error(`python3: ${stderr}`);
  return JSON.parse(stdout) as Record<string, number[][]>;
}

const missing = findTool("python3", ["-c", "import numpy"]);
const itWithNumpy = itWith("numpy", missing === undefined ? undefined : "python3 has no numpy here");

interface Given {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const random = (...shape: number[]): Given => ({
  shape,
  data: randomFloats(
    shape.reduce((count, size) => count * size, 1),
    shape.length + (shape[0] ?? 0) * 7,
  ),
});

const square = random(2, 24, 24);
const tall = random(30, 12);
const right = random(2, 24, 3);
const positive: Given = { shape: [24, 24], data: Float32Array.from(definite(24, 3)) };

type Results = Promise<readonly Matrix[]>;
type Gpu = ReturnType<typeof bindMatrix>;

/** What is unique, and so can be compared number by number; `loss` is how much rounding may grow. */
const calls: readonly (readonly [
  name: string,
  expression: string,
  operands: readonly Given[],
  loss: number,
  run: (gpu: Gpu, x: readonly Matrix[], options: { placement: "gpu" | "cpu" }) => Results,
])[] = [
  [
    "solve",
    "[np.linalg.solve(x[0], x[1])]",
    [square, right],
    2000,
    async (gpu, [a, b], o) => [await gpu.solve(at(a), at(b), o)],
  ],
  ["inverse", "[np.linalg.inv(x[0])]", [square], 2000, async (gpu, [a], o) => [await gpu.inverse(at(a), o)]],
  [
    "determinant",
    "[np.linalg.det(x[0])]",
    [square],
    500,
    async (gpu, [a], o) => [await gpu.determinant(at(a), o)],
  ],
  [
    "slogdet",
    "list(np.linalg.slogdet(x[0]))",
    [square],
    100,
    async (gpu, [a], o) => {
      const { sign, logarithm } = await gpu.slogdet(at(a), o);
      return [sign, logarithm];
    },
  ],
  [
    "cholesky",
    "[np.linalg.cholesky(x[0])]",
    [positive],
    100,
    async (gpu, [a], o) => [await gpu.cholesky(at(a), o)],
  ],
  [
    "qr",
    "list(np.linalg.qr(x[0]))",
    [tall],
    200,
    async (gpu, [a], o) => {
      const { q, r } = await gpu.qr(at(a), o);
      return [at(q), r];
    },
  ],
  [
    "eigenvalues",
    "[np.linalg.eigvalsh(x[0])]",
    [square],
    200,
    async (gpu, [a], o) => [(await gpu.eigh(at(a), o)).values],
  ],
  [
    "singular values",
    "[np.linalg.svd(x[0])[1]]",
    [square],
    100,
    async (gpu, [a], o) => [(await gpu.svd(at(a), o)).s],
  ],
  [
    "leastSquares",
    "[np.linalg.lstsq(x[0], x[1], rcond=None)[0]]",
    [tall, random(30, 2)],
    500,
    async (gpu, [a, b], o) => [(await gpu.leastSquares(at(a), at(b), o)).x],
  ],
  [
    "pseudoInverse",
    "[np.linalg.pinv(x[0])]",
    [tall],
    500,
    async (gpu, [a], o) => [await gpu.pseudoInverse(at(a), o)],
  ],
  [
    "norm",
    "[np.linalg.norm(x[0], 2), np.linalg.norm(x[0], 'nuc')]",
    [tall],
    50,
    async (gpu, [a], o) => [await gpu.matrixNorm(at(a), 2, o), await gpu.matrixNorm(at(a), "nuclear", o)],
  ],
  [
    "condition",
    "[np.linalg.cond(x[0])]",
    [tall],
    500,
    async (gpu, [a], o) => [await gpu.conditionNumber(at(a), o)],
  ],
  ...(
    [
      ["ij,jk", [random(3, 4), random(4, 5)]],
      ["ba,cb", [random(3, 4), random(5, 3)]],
      ["...ij,...kj->k...i", [random(2, 3, 4), random(1, 5, 4)]],
      ["bhid,bhjd,bhjk->bihk", [random(2, 3, 4, 5), random(2, 3, 6, 5), random(2, 3, 6, 2)]],
      ["iik,k...->...i", [random(3, 3, 4), random(4, 2)]],
      ["a...b,b...->...", [random(2, 3, 4), random(4, 3)]],
    ] as const
  ).map(
    ([subscripts, operands]) =>
      [
        `einsum ${subscripts}`,
        `[np.einsum("${subscripts}", *x)]`,
        operands,
        100,
        async (gpu: Gpu, x: readonly Matrix[], o: { placement: "gpu" | "cpu" }) => [
          await gpu.einsum(subscripts, x, o),
        ],
      ] as const,
  ),
];

function at(matrix: Matrix | undefined): Matrix {
  return matrix ?? expect.fail("there is no such matrix");
}

describe("linear algebra as NumPy has it", () => {
  itWithNumpy("agrees number by number, on the CPU and on OpenCL", async () => {
    const expected = numpy(
      Object.fromEntries(
        calls.map(([name, expression, operands]) => [
          name,
          { expression, operands: operands.map(({ shape, data }) => ({ shape, data: [...data] })) },
        ]),
      ),
    );
    const opencl = adapters.filter(({ backend }) => backend === "opencl").slice(0, 1);
    await using runtime = new Runtime({ adapters: async () => opencl });
    const gpu = bindMatrix(runtime);
    for (const placement of opencl.length > 0 ? (["cpu", "gpu"] as const) : (["cpu"] as const)) {
      for (const [name, , operands, loss, run] of calls) {
        const results = await run(
          gpu,
          operands.map(({ shape, data }) => Matrix.from(data, shape)),
          { placement },
        );
        for (const [index, result] of results.entries()) {
          const wanted = expected[name]?.[index] ?? [];
          const found = await result.read();
          const size = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          const worst = wanted.reduce(
            (most, value, place) =>
              Math.max(most, Math.abs(value - (found[place] ?? Number.POSITIVE_INFINITY))),
            found.length === wanted.length ? 0 : Number.POSITIVE_INFINITY,
          );
          expect(worst, `${name} ${index} on ${placement}`).toBeLessThanOrEqual(loss * 2 ** -24 * size);
        }
      }
    }
  });
});
