import { kernelText } from "../source.ts";
import { placeText, spaceText } from "./cells-text.ts";
import { asField, asWord, ExpressionTexts } from "./expression-text.ts";
import type { Parameters } from "./parameters.ts";
import type { BoardForm, FieldType, PostProgram } from "./program.ts";
import { drawsRandom, ownColumns, randomText } from "./random-text.ts";

export interface PostText {
  readonly text: string;
  readonly parameters: Parameters;
  readonly constants: Readonly<Record<string, number>>;
}

/** Agents write messages: a column for each field, and last the cell, or one past all cells for what is not written. */
export function postText(
  program: PostProgram,
  form: BoardForm,
  agentTypes: readonly FieldType[],
  long: boolean,
): PostText {
  const texts = new ExpressionTexts(program.inputs);
  const { parameters: p } = texts;
  const { when } = program;
  const code = texts.render([...program.fields, ...(when === undefined ? [] : [when])], "v");
  const { results } = code;
  const places = program.place.map((column) => {
    const text = results[column] ?? "";
    return form.kind === "spatial" ? text : `u32(${text})`;
  });
  const stores = program.fields.map(({ type }, column) => {
    const value = asWord(type as FieldType, results[column] ?? "");
    return `raw[${p.add("raw")} * ${column}u + at] = ${value};`;
  });
  const body = `let at = ${p.add("base")} + agent;
    ${ownColumns(texts.used)
      .map((column) => {
        const word = `state[${p.add("stride")} * ${column}u + agent]`;
        return `let me${column} = ${asField(agentTypes[column] ?? "u32", word)};`;
      })
      .join("\n    ")}
    ${randomText(texts.used, p)}
    ${code.body}
    ${stores.join("\n    ")}
    let isWritten = ${when === undefined ? "true" : results[program.fields.length]};
    ${placeText(form, places, p)}
    raw[${p.add("raw")} * ${program.fields.length}u + at] = select(${p.add("cells")}, key, isWritten && isPlaced);
    if (isWritten && !isPlaced) {
      atomicAdd(&faults[${p.add("faults")}], 1u);
      atomicMin(&faults[${p.add("faults")} + 1u], agent);
    }`;
  const declared = [
    "@group(0) @binding(1) var<storage, read> state: array<u32>;",
    "@group(0) @binding(2) var<storage, read_write> raw: array<u32>;",
    "@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>>;",
    form.kind === "spatial" ? spaceText(form, p) : "",
    drawsRandom(texts.used) ? kernelText("philox.wgsl") : "",
    texts.functions(),
  ];
  const main = long ? longMain(texts.constantLets(), body, p) : shortMain(texts.constantLets(), body, p);
  return {
    text: `${declared.join("\n")}\n${p.declaration()}\n${main}`,
    parameters: p,
    constants: texts.constants(),
  };
}

function longMain(lets: string, body: string, p: Parameters): string {
  return `@compute @workgroup_size(1)
fn post(@builtin(workgroup_id) id: vec3<u32>) {
  ${lets}
  let end = min((id.x + 1u) * ${p.add("chunk")}, ${p.add("count")});
  for (var agent = id.x * ${p.add("chunk")}; agent < end; agent++) {
    ${body}
  }
}`;
}

function shortMain(lets: string, body: string, p: Parameters): string {
  return `@compute @workgroup_size(256)
fn post(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  ${lets}
  let agent = id.x + id.y * groups.x * 256u;
  if (agent < ${p.add("count")}) {
    ${body}
  }
}`;
}
