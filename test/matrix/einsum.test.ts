import { describe, expect, it } from "vitest";
import { planContractions } from "#src/matrix/einsum/plan.js";
import { parseSubscripts } from "#src/matrix/einsum/subscripts.js";
import { bindMatrix, Matrix, type MatrixFamily } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { randomFloats } from "../kernels/support.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";

type Shapes = readonly (readonly number[])[];
type Case = readonly [subscripts: string, shapes: Shapes, explicit?: string];

/** With the same written out where it is implicit or has an ellipsis, for the oracle. */
const few: readonly Case[] = [
  [
    "ij,jk->ik",
    [
      [5, 7],
      [7, 4],
    ],
  ],
  [
    "bij,bkj->bik",
    [
      [3, 5, 7],
      [3, 4, 7],
    ],
  ],
  ["ii->i", [[6, 6]]],
  ["ij->ji", [[5, 7]]],
  [
    "ij,kl->jikl",
    [
      [2, 3],
      [4, 5],
    ],
  ],
  [
    "bi,bi->b",
    [
      [9, 33],
      [9, 33],
    ],
  ],
  [
    "ij,jk,kl->",
    [
      [5, 7],
      [7, 4],
      [4, 3],
    ],
  ],
];
const many: readonly Case[] = [
  ...few,
  [
    "ij,jk",
    [
      [5, 7],
      [7, 4],
    ],
    "ij,jk->ik",
  ],
  ["ba", [[5, 7]], "ba->ab"],
  ["ii", [[6, 6]], "ii->"],
  ["i,i", [[8], [8]], "i,i->"],
  ["i,i->i", [[8], [8]]],
  ["i,j->ij", [[8], [3]]],
  ["i->", [[8]]],
  ["ijk->j", [[2, 3, 4]]],
  ["iij->j", [[3, 3, 4]]],
  ["iji->ij", [[3, 4, 3]]],
  ["iii->", [[4, 4, 4]]],
  [
    "ab,cb,ad->cd",
    [
      [2, 3],
      [4, 3],
      [2, 5],
    ],
  ],
  [
    "ab,bc,cd,de->ae",
    [
      [2, 9],
      [9, 3],
      [3, 8],
      [8, 2],
    ],
  ],
  [
    "abcd,cdef->abef",
    [
      [2, 3, 4, 5],
      [4, 5, 2, 3],
    ],
  ],
  [
    "bhid,bhjd->bhij",
    [
      [2, 3, 4, 5],
      [2, 3, 6, 5],
    ],
  ],
  [
    "bhij,bhjd->bihd",
    [
      [2, 3, 4, 6],
      [2, 3, 6, 5],
    ],
  ],
  [
    "ij,ij,ij->i",
    [
      [4, 5],
      [4, 5],
      [4, 5],
    ],
  ],
  ["a,ab,abc->c", [[2], [2, 3], [2, 3, 4]]],
  ["ij,k->k", [[2, 3], [4]]],
  ["i,j,k->kji", [[2], [3], [4]]],
  ["...ij->...ji", [[2, 3, 4, 5]], "abij->abji"],
  [
    "...ij,...jk->...ik",
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    "aij,ajk->aik",
  ],
  [
    "...ij,jk",
    [
      [2, 3, 4],
      [4, 5],
    ],
    "aij,jk->aik",
  ],
  [
    "...,...->...",
    [
      [2, 3],
      [2, 3],
    ],
    "ab,ab->ab",
  ],
  [
    "i...,i...->...",
    [
      [4, 2, 3],
      [4, 2, 3],
    ],
    "iab,iab->ab",
  ],
  [
    "...a,...b->ab...",
    [
      [3, 2],
      [3, 4],
    ],
    "xa,xb->abx",
  ],
  [
    " i j , j k -> k i ",
    [
      [5, 7],
      [7, 4],
    ],
    "ij,jk->ki",
  ],
  [
    "Ab,bA->A",
    [
      [3, 4],
      [4, 3],
    ],
  ],
  [
    "ij,jk->ik",
    [
      [0, 3],
      [3, 2],
    ],
  ],
  [
    "ij,jk->ik",
    [
      [2, 0],
      [0, 3],
    ],
  ],
  [",ij->ij", [[], [2, 3]]],
  [",->", [[], []]],
];

/** Every assignment of the indices, one after the other, in double precision. */
function oracle(explicit: string, shapes: Shapes, data: readonly Float32Array[]): Float64Array {
  const [left = "", output = ""] = explicit.replaceAll(" ", "").split("->");
  const terms = left.split(",");
  const sizes = new Map<string, number>();
  for (const [at, term] of terms.entries())
    for (const [axis, index] of [...term].entries()) sizes.set(index, shapes[at]?.[axis] ?? 1);
  const names = [...new Set([...output, ...sizes.keys()])];
  const place = (term: string, values: ReadonlyMap<string, number>) =>
    [...term].reduce((sum, index) => sum * (sizes.get(index) ?? 1) + (values.get(index) ?? 0), 0);
  const out = new Float64Array([...output].reduce((count, index) => count * (sizes.get(index) ?? 1), 1));
  const visit = (depth: number, values: Map<string, number>) => {
    const name = names[depth];
    if (name === undefined) {
      const term = terms.reduce(
        (value, one, at) => value * (data[at]?.[place(one, values)] ?? Number.NaN),
        1,
      );
      const to = place(output, values);
      out[to] = (out[to] ?? 0) + term;
      return;
    }
    for (let value = 0; value < (sizes.get(name) ?? 1); value++) visit(depth + 1, values.set(name, value));
  };
  visit(0, new Map());
  return out;
}

async function check(gpu: MatrixFamily, [subscripts, shapes, explicit]: Case, placement: "gpu" | "cpu") {
  const data = shapes.map((shape, at) =>
    randomFloats(
      shape.reduce((count, size) => count * size, 1),
      at + 3,
    ),
  );
  const operands = shapes.map((shape, at) => Matrix.from(data[at] ?? [], shape));
  using result = await gpu.einsum(subscripts, operands, { placement });
  const wanted = oracle(explicit ?? subscripts, shapes, data);
  const found = await result.read();
  expect(found.length).toBe(wanted.length);
  found.forEach((value, at) => {
    expect(Math.abs(value - (wanted[at] ?? Number.NaN)), `element ${at}`).toBeLessThanOrEqual(2e-5);
  });
  for (const [at, operand] of operands.entries()) expect(await operand.read()).toEqual(data[at]);
}

onEveryDevice(
  "einsum",
  (adapter) => {
    it("agrees with every assignment of the indices", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      const gpu = bindMatrix(runtime);
      for (const one of few) await check(gpu, one, "gpu");
    });

    it("leaves no memory behind", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      const { einsum } = bindMatrix(runtime);
      using a = Matrix.from(new Float32Array(36).fill(1), [6, 6]);
      for (const [subscripts, count] of [
        ["ij,jk,kl->li", 3],
        ["ij->j", 1],
        ["ij,ij->ij", 2],
      ] as const) {
        using _ = await einsum(subscripts, new Array(count).fill(a), { placement: "gpu" });
      }
      a.dispose();
      const { residents, inUseBytes } = (await runtime.memory()).statistics();
      expect([residents, inUseBytes]).toEqual([0, 0]);
    });
  },
  { computing: true },
);

describe("einsum on the CPU", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  const gpu = bindMatrix(runtime);

  it.each(many.map((one) => [one[0], JSON.stringify(one[1]), one] as const))(
    "%s of %s",
    (_text, _shapes, one) => check(gpu, one, "cpu"),
  );

  it("repeats axes of size 1, named or in an ellipsis", async () => {
    const row = Matrix.from([[1, 2, 3]]);
    const column = Matrix.from([[10], [20]]);
    const product = await gpu.einsum("ij,ij->ij", [row, column]);
    expect([product.shape, [...(await product.read())]]).toEqual([
      [2, 3],
      [10, 20, 30, 20, 40, 60],
    ]);
    const more = await gpu.einsum("...,...", [row, column]);
    expect([...(await more.read())]).toEqual([10, 20, 30, 20, 40, 60]);
  });

  it("takes lazy matrices, lets go of its operands, and reports", async () => {
    const a = Matrix.from([
      [1, 2],
      [3, 4],
    ]);
    const turned = gpu.transpose(gpu.add(a, 1));
    const product = await gpu.einsum("ij,jk->ik", [turned, a], { report: true });
    expect(product.report?.operation).toBe("matrix.multiply");
    expect([...(await product.read())]).toEqual([14, 20, 18, 26]);
    const diagonal = await gpu.einsum("ii->i", [a]);
    a.dispose();
    expect([...(await diagonal.read())]).toEqual([1, 4]);
  });

  it("rearranges any element type", async () => {
    const words = Matrix.from(new Int32Array([1, 2, 3, 4]), [2, 2], "i32");
    const turned = await gpu.einsum("ij->ji", [words as unknown as Matrix]);
    expect([turned.dtype, [...(await turned.read())]]).toEqual(["i32", [1, 3, 2, 4]]);
    const error = await failure(() => gpu.einsum("ij->i", [words as unknown as Matrix]), "INVALID_ARGUMENT");
    expect(error.message).toContain("operand 0 holds i32");
  });

  it("names the subscript that is wrong", async () => {
    const [a, b] = [Matrix.zeros([2, 3]), Matrix.zeros([4, 5])];
    const cases: readonly [string, readonly Matrix[], string][] = [
      ["ij,jk->ik", [a, b], 'index "j" is 3 in one place and 4 in operand 1'],
      ["ij->ik", [a], 'index "k" of the result is in no operand'],
      ["ij->ii", [a], 'index "i" is twice in the result'],
      ["i1->i", [a], '"1" is no index'],
      ["i.j->ij", [a], '"." is no index'],
      ["ijk->i", [a], '"ijk" names 3 axes, operand 0 is 2x3 and has 2'],
      ["...ijk->i", [a], '"...ijk" names 3 axes'],
      ["i......j", [a], '"i......j" has more than one ellipsis'],
      ["ij", [a, b], "1 operands are named, 2 were given"],
      ["ij->i->j", [a], 'more than one "->"'],
      ["...j->j", [a], "where the 1 axes of the ellipsis go"],
      ["ii->i", [a], 'index "i" is 2 in one place and 3 in operand 0'],
      ["...,...", [a, b], "an axis of the ellipsis is 2 in one place and 4 in operand 1"],
      ["ij", [], "there are no operands"],
      ["ij", [3 as unknown as Matrix], "operand 0 is number"],
    ];
    for (const [subscripts, operands, problem] of cases) {
      const error = await failure(() => gpu.einsum(subscripts, operands), "INVALID_ARGUMENT");
      expect(error.message).toContain(`einsum "${subscripts}"`);
      expect(error.message).toContain(problem);
    }
    await failure(() => gpu.einsum(7 as unknown as string, [a]), "INVALID_ARGUMENT");
  });

  it("contracts a chain in the order that keeps what is stored small", () => {
    const shapes = [
      [10, 1000],
      [1000, 5],
      [5, 800],
    ];
    const parsed = parseSubscripts("ij,jk,kl->il", shapes);
    expect(planContractions(parsed).map(({ left, right }) => [left, right])).toEqual([
      [0, 1],
      [0, 1],
    ]);
    const other = parseSubscripts("ij,jk,kl->il", [
      [1000, 10],
      [10, 800],
      [800, 2],
    ]);
    expect(planContractions(other).map(({ left, right }) => [left, right])).toEqual([
      [1, 2],
      [0, 1],
    ]);
  });

  it("ends", async () => {
    await runtime.dispose();
  });
});
