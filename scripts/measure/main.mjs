import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { discover } from "../../dist/device/index.js";
import { bench } from "./bench.mjs";
import { checkContract, checkKernels } from "./checks.mjs";
import { Clock } from "./clock.mjs";
import { data } from "./data.mjs";
import { describeMachine } from "./machine.mjs";
import { microbench } from "./microbench.mjs";
import { operations } from "./operations.mjs";
import { products } from "./products.mjs";
import { pythonPeers } from "./python.mjs";
import { failures, markdown } from "./report.mjs";

const usage = `Usage: scripts/gpu-check FOLDER [--minutes N] [--device ID]

Runs on every device of this machine the conformance suite, checks of the
kernels against the processor, and measurements of copies, launches, matrix
products, other operations, networks and queries, beside PyTorch, CuPy or cuDF
where python3 has them; then the benches of kernels, matrices, networks and
tables. Writes FOLDER/report.json and FOLDER/report.md.

  --minutes N   stop starting new parts in time to end within N; 8 by default
  --device ID   only this device, such as cuda:0
  --no-bench    without the benches, which take the longest
`;

function wrong(message) {
  process.stderr.write(`${message}\n\n${usage}`);
  process.exit(2);
}

function argumentsGiven() {
  try {
    const options = {
      minutes: { type: "string" },
      device: { type: "string" },
      help: { type: "boolean" },
      "no-bench": { type: "boolean" },
    };
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return wrong(error.message);
  }
}

const { values, positionals } = argumentsGiven();
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const [folder] = positionals;
if (folder === undefined || positionals.length > 1) wrong("Name one folder for the report.");
const minutes = Number(values.minutes ?? 8);
if (!(minutes > 0)) wrong(`--minutes takes a number above 0, not ${values.minutes}`);

const clock = new Clock(minutes * 60_000);
const progress = (text) => process.stderr.write(`${clock.seconds().padStart(5)} s  ${text}\n`);

const { adapters, problems } = await discover();
const computing = adapters.filter(({ kind }) => kind !== "null");
const chosen = computing.filter(({ id }) => values.device === undefined || id === values.device);
if (values.device !== undefined && chosen.length === 0) {
  const known = computing.map(({ id }) => id).join(", ") || "none";
  const problem = problems.find(({ backend }) => backend === values.device.split(":")[0]);
  const why = problem === undefined ? "" : `: ${problem.reason}`;
  process.stderr.write(`There is no device ${values.device}${why}. Found: ${known}\n`);
  process.exit(1);
}

mkdirSync(folder, { recursive: true });
const report = { started: new Date().toISOString(), machine: describeMachine(), problems, devices: [] };
const save = () => {
  report.seconds = Number(clock.seconds());
  writeFileSync(join(folder, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, "report.md"), markdown(report));
};

/** One part: its result, or why there is none. Whatever happens, the report so far is on disk. */
async function part(target, name, neededMs, work) {
  if (clock.leftMs() < neededMs) target[name] = { skipped: "no time was left" };
  else {
    progress(`${target.id ?? (target === report.bench ? "bench" : "machine")}: ${name}`);
    try {
      target[name] = await work();
    } catch (error) {
      target[name] = { failed: `${error.code ?? error.name}: ${error.message}` };
    }
  }
  save();
}

const gpus = chosen.filter(({ kind }) => kind === "gpu");
if (gpus.length > 0) await part(report, "python", 90_000, () => pythonPeers(clock));
for (const adapter of chosen) {
  const { id, name, kind, vendor, driver, limits, features } = adapter;
  const device = { id, name, kind, vendor, driver, limits, features: [...features] };
  report.devices.push(device);
  await part(device, "contract", 10_000, () => checkContract(adapter));
  await part(device, "kernels", 10_000, () => checkKernels(adapter));
  await part(device, "microbench", 15_000, () => microbench(adapter));
  await part(device, "products", 15_000, () => products(adapter, clock));
  await part(device, "operations", 20_000, () => operations(adapter, clock));
  await part(device, "data", 20_000, () => data(adapter, clock));
}
report.bench = {};
for (const family of ["kernels", "matrix", "nn", "data"]) {
  if (values["no-bench"]) report.bench[family] = { skipped: "not asked for" };
  else await part(report.bench, family, 30_000, () => bench(clock, family));
}
save();
progress(`wrote ${join(folder, "report.md")} and report.json`);

const found = failures(report);
for (const failure of found) process.stderr.write(`FAILED  ${failure}\n`);
process.exit(found.length > 0 ? 1 : 0);
