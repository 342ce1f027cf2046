import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { count, open } from "aikoryu";

const folder = new URL("../src/", import.meta.url).pathname;
const names = await readdir(folder, { recursive: true });
const files = await Promise.all(
  names.map(async (name) => {
    const found = await stat(join(folder, name));
    return { ending: found.isDirectory() ? null : extname(name), bytes: found.size, changed: found.mtime };
  }),
);

await using gpu = await open();
const frame = await gpu.data.from(files, { schema: { bytes: "int64" } });
const byEnding = frame
  .dropNull("ending")
  .groupBy("ending")
  .aggregate({
    files: count(),
    bytes: (row) => row.bytes.sum(),
    largest: (row) => row.bytes.max(),
    newest: (row) => row.changed.max(),
  })
  .filter((row) => row.files.greater(5))
  .orderBy("-files");

const table = await byEnding.collect({ report: true });
for (const { ending, files: many, bytes } of table.toRows({ integers: "number" })) {
  console.log(`${many} files ${ending}: ${bytes} bytes`);
}
console.log(`ran on the ${table.report?.placement}: ${table.report?.reason}`);
