import { Matrix, open } from "aikoryu";

const library = [
  { title: "lemon tart", taste: [0.9, 0.7, 0.1] },
  { title: "miso soup", taste: [0.1, 0.0, 0.9] },
  { title: "lime sorbet", taste: [0.8, 0.8, 0.0] },
];
const wishes = [
  [1, 0.9, 0],
  [0, 0.1, 1],
];

const unit = (vector: readonly number[]) => vector.map((value) => value / Math.hypot(...vector));

await using gpu = await open();
using queries = Matrix.from(wishes.map(unit));
using titles = Matrix.from(library.map(({ taste }) => unit(taste)));
using similarity = await gpu.matrix.multiply(queries, titles, { transposeB: true });

const scores = await similarity.read();
wishes.forEach((wish, row) => {
  const own = scores.subarray(row * library.length, (row + 1) * library.length);
  const best = own.indexOf(Math.max(...own));
  console.log(`${wish.join(", ")}: ${library[best]?.title}`);
});
