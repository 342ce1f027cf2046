import { formatShape } from "../core/shape.ts";
import { suggest } from "../core/suggest.ts";
import { type Matrix, open } from "../index.ts";
import { type Command, type Invocation, UsageError } from "./command.ts";
import { formatMs } from "./table.ts";

const operations = ["multiply"];
const placements = ["auto", "gpu", "cpu"] as const;

export const matrix: Command = {
  usage: `Usage: aikoryu matrix multiply A.npy B.npy -o C.npy [options]

Multiplies two .npy files of any shape, batch dimensions in front, and writes
the product as 32-bit floats. An existing C.npy is replaced when all is done.

  -o, --output FILE            where the product goes
  --transpose-a, --transpose-b take the transpose of each matrix of A, of B
  --placement auto|gpu|cpu     where to compute (default auto: the faster one)
  --strict                     fail where the CPU would have taken over
  --json                       shape, file and the report of the call
`,
  options: {
    output: { type: "string", short: "o" },
    "transpose-a": { type: "boolean" },
    "transpose-b": { type: "boolean" },
    placement: { type: "string" },
    strict: { type: "boolean" },
  },
  async run(invocation) {
    const [operation, ...files] = invocation.positionals;
    if (operation === undefined) throw usage("matrix needs an operation: multiply");
    if (!operations.includes(operation)) {
      const near = suggest(operation, operations);
      throw usage(`matrix has no operation "${operation}"`, near && `Did you mean ${near}? `);
    }
    const [a, b, ...more] = files;
    if (a === undefined || b === undefined || more.length > 0)
      throw usage(`multiply takes two .npy files, not ${files.length}`);
    const output = invocation.text("output");
    if (output === undefined) throw usage("multiply needs a file for the product: -o C.npy");
    return multiply(invocation, a, b, output, placementOf(invocation));
  },
};

async function multiply(
  { terminal, signal, flag }: Invocation,
  aPath: string,
  bPath: string,
  output: string,
  placement: (typeof placements)[number],
): Promise<number> {
  await using gpu = await open();
  const read = (path: string): Promise<Matrix> => {
    terminal.progress(`reading ${path}`);
    return gpu.matrix.readNpy(path, { signal });
  };
  using a = await read(aPath);
  using b = await read(bPath);
  terminal.progress(`multiplying ${formatShape(a.shape)} by ${formatShape(b.shape)}`);
  using product = await gpu.matrix.multiply(a, b, {
    transposeA: flag("transpose-a"),
    transposeB: flag("transpose-b"),
    placement,
    strict: flag("strict"),
    signal,
    report: true,
  });
  terminal.progress(`writing ${output}`);
  await gpu.matrix.writeNpy(output, product, { signal });
  const { shape, report } = product;
  terminal.json({ output, shape, report });
  const shapes = `${formatShape(a.shape)} by ${formatShape(b.shape)} is ${formatShape(shape)}, in ${output}`;
  terminal.say(`${shapes}: ${formatMs(report?.totalMs)} ms on ${report?.device}`);
  terminal.say(`because: ${report?.reason}`);
  return 0;
}

function placementOf(invocation: Invocation): (typeof placements)[number] {
  const given = invocation.text("placement") ?? "auto";
  const placement = placements.find((name) => name === given);
  if (placement !== undefined) return placement;
  const near = suggest(given, placements);
  throw usage(`There is no placement "${given}"`, near && `Did you mean ${near}? `);
}

function usage(message: string, lead = ""): UsageError {
  return new UsageError(message, `${lead}See: aikoryu matrix --help`);
}
