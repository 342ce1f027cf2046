import { stat } from "node:fs/promises";
import { formatBytes } from "../core/bytes.ts";
import { elementCount } from "../core/shape.ts";
import { planModel } from "../nn/executor/plan.ts";
import { elementBits, nodesOf, type OnnxModel, readModel, tensorsOf } from "../nn/index.ts";
import { formatValue, modelInputs, modelOutputs } from "../nn/signature.ts";
import type { Invocation } from "./command.ts";
import { describePlan, planLines } from "./nn-plan.ts";
import { table } from "./table.ts";

export async function info({ terminal }: Invocation, file: string): Promise<number> {
  terminal.progress(`reading ${file}`);
  const { model } = await readModel(file);
  const { size } = await stat(file);
  const { unsupported, plan } = await planModel(model);
  const operators = countOperators(model);
  const parameters = countParameters(model);
  const inputs = modelInputs(model);
  const outputs = modelOutputs(model);
  const description = describePlan(plan, inputs);
  const opsets = Object.fromEntries(
    [...model.opsets].map(([domain, version]) => [domain || "ai.onnx", version]),
  );
  terminal.json({
    file,
    bytes: size,
    irVersion: model.irVersion,
    opsets,
    producer: model.producer,
    metadata: Object.fromEntries(model.metadata),
    inputs,
    outputs,
    operators: Object.fromEntries(operators),
    parameters,
    executor: { runs: unsupported.length === 0, lacking: unsupported, plan: description },
  });
  const versions = Object.entries(opsets).map(([domain, version]) => `${domain} ${version}`);
  terminal.say(`${file}: ${formatBytes(size)}, ${versions.join(", ")}, IR ${model.irVersion}`);
  terminal.say(
    `${parameters.count} parameters in ${parameters.tensors} tensors, ${formatBytes(parameters.bytes)}`,
  );
  terminal.print();
  const rows = [
    ...inputs.filter(({ optional }) => !optional).map((value) => ["input", value.name, formatValue(value)]),
    ...outputs.map((value) => ["output", value.name, formatValue(value)]),
  ];
  const columns = [{ title: "" }, { title: "name" }, { title: "type", wrap: true }];
  for (const line of table(columns, rows, terminal.columns)) terminal.print(line);
  const optional = inputs.filter((value) => value.optional).length;
  if (optional > 0) terminal.say(`${optional} more inputs have defaults`);
  terminal.print();
  terminal.say(`operators: ${operators.map(([name, count]) => `${name} x ${count}`).join(", ")}`);
  terminal.say(
    unsupported.length === 0
      ? "our executor runs it on every device"
      : `our executor lacks: ${unsupported.map(({ operator, reason }) => operator ?? reason).join(", ")}`,
  );
  for (const line of planLines(description)) terminal.say(line);
  return 0;
}

/** Nodes by operator, the most frequent first. */
function countOperators(model: OnnxModel): [name: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { domain, operator } of nodesOf(model)) {
    const name = domain === "" ? operator : `${domain}.${operator}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function countParameters(model: OnnxModel): { count: number; tensors: number; bytes: number } {
  let count = 0;
  let tensors = 0;
  let bits = 0;
  for (const { shape, elementType } of tensorsOf(model)) {
    const elements = elementCount(shape);
    count += elements;
    tensors++;
    bits += elements * (elementBits(elementType) ?? 0);
  }
  return { count, tensors, bytes: Math.ceil(bits / 8) };
}
