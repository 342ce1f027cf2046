import { Matrix, open } from "aikoryu";

await using gpu = await open();

const size = 512;
using rotation = Matrix.from(
  Array.from({ length: size }, (_, row) =>
    Array.from({ length: size }, (_, column) => (column === (row + 1) % size ? 1 : 0)),
  ),
);
using twice = await gpu.matrix.multiply(rotation, rotation, { report: true });
using fourTimes = await gpu.matrix.multiply(twice, twice);

const values = await fourTimes.read();
console.log(`row 0 has its 1 in column ${values.subarray(0, size).indexOf(1)}`);
console.log(`ran on the ${twice.report?.placement}: ${twice.report?.reason}`);
