import { Matrix, open } from "aikoryu";

const cities = ["Oslo", "Rome", "Cairo", "Lima", "Quito"];
/** Degrees in January and in July, and hours of sun a year divided by 100. */
const weather = [
  [-4, 17, 17],
  [8, 25, 25],
  [14, 28, 35],
  [23, 17, 12],
  [15, 15, 20],
];

await using gpu = await open();
const means = [0, 1, 2].map((k) => weather.reduce((sum, row) => sum + (row[k] ?? 0), 0) / weather.length);
using centred = Matrix.from(weather.map((row) => row.map((value, k) => value - (means[k] ?? 0))));
using covariance = await gpu.matrix.einsum("ij,ik->jk", [centred, centred]);
const { values, vectors } = await gpu.matrix.eigh(covariance);

const shares = [...(await values.read())].reverse();
const total = shares.reduce((sum, value) => sum + value, 0);
console.log(
  `the components explain ${shares.map((value) => `${Math.round((100 * value) / total)} %`).join(", ")}`,
);

if (vectors === undefined) throw new TypeError("eigh was asked for vectors");
using scores = await gpu.matrix.einsum("ij,jk->ki", [centred, vectors]);
const first = [...(await scores.read())]
  .slice(-cities.length)
  .map((score, at) => ({ score, city: cities[at] }));
first.sort((a, b) => a.score - b.score);
const ends = [first[0]?.city, first.at(-1)?.city].sort();
console.log(`furthest apart along the first: ${ends.join(" and ")}`);
