import type { GbnfJsonSchema } from "node-llama-cpp";
import { AikoError } from "../../errors.ts";
import type { JsonSchema } from "../provider.ts";

type Node = Readonly<Record<string, unknown>>;

const scalarTypes = new Set(["string", "number", "integer", "boolean", "null"]);
const formats = new Set(["date-time", "time", "date"]);
/** Said to people, or true of whatever a grammar makes. */
const ignored = new Set([
  "$schema",
  "$id",
  "$comment",
  "$anchor",
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
  "contentEncoding",
  "contentMediaType",
]);
/** Narrow a value further than a grammar can; `isNarrowed` tells that the answer has to be checked. */
const narrowing = new Set([
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "pattern",
  "format",
  "uniqueItems",
  "propertyNames",
  "minLength",
  "maxLength",
  "minProperties",
  "maxProperties",
  "required",
]);
const mostDepth = 64;

/**
 * A JSON schema as the engine's grammars take it. Every text of the grammar has the schema's shape; ranges, patterns and the
 * like are left to a check of the answer. Throws UNSUPPORTED naming the keyword and its place.
 */
export function toGrammarSchema(schema: JsonSchema): GbnfJsonSchema {
  const definitions = { ...asNode(schema.definitions), ...asNode(schema.$defs) };
  const isRecursive = JSON.stringify(schema).includes('"$ref":"#"');
  const context: Context = { definitions, root: isRecursive ? rootName(definitions) : undefined };
  const $defs = Object.fromEntries(
    Object.entries(definitions).map(([name, node]) => [name, convert(node, `$defs/${name}`, context, 0)]),
  );
  const converted = convert(schema, "", context, 0);
  if (context.root === undefined) return withDefinitions(converted, $defs);
  return withDefinitions({ $ref: `#/$defs/${context.root}` }, { ...$defs, [context.root]: converted });
}

interface Context {
  readonly definitions: Node;
  /** What the schema itself is called where it refers to itself. */
  readonly root: string | undefined;
}

function withDefinitions(schema: Node, $defs: Node): GbnfJsonSchema {
  const all = Object.keys($defs).length === 0 ? schema : { ...schema, $defs };
  return all as GbnfJsonSchema;
}

function convert(value: unknown, place: string, context: Context, depth: number): Node {
  if (depth > mostDepth) throw unsupported(place, `is nested more than ${mostDepth} levels deep`);
  if (value === true) throw unsupported(place, "allows anything");
  const node = asNode(value);
  if (node === undefined) throw unsupported(place, "is no schema");
  const described = typeof node.description === "string" ? { description: node.description } : {};
  const nested = (inner: unknown, name: string) => convert(inner, `${place}/${name}`, context, depth + 1);
  const only = (...known: string[]) => assertKnown(node, place, known);
  const { $ref, type } = node;
  if ($ref !== undefined) {
    only("$ref", "$defs", "definitions");
    return { ...described, $ref: reference($ref, place, context) };
  }
  const alternatives = node.anyOf ?? node.oneOf;
  if (alternatives !== undefined) {
    only("anyOf", "oneOf", "$defs", "definitions", "type");
    const list = asList(alternatives, `${place}/anyOf`);
    return { ...described, oneOf: list.map((inner, at) => nested(inner, String(at))) };
  }
  if (node.allOf !== undefined) {
    only("allOf", "$defs", "definitions");
    const list = asList(node.allOf, `${place}/allOf`);
    if (list.length !== 1) throw unsupported(`${place}/allOf`, "joins several schemas");
    return { ...described, ...nested(list[0], "allOf/0") };
  }
  if (node.const !== undefined) {
    only("const", "type", ...narrowing);
    return { ...described, const: literal(node.const, place) };
  }
  if (node.enum !== undefined) {
    only("enum", "type", ...narrowing);
    return { ...described, enum: asList(node.enum, place).map((item) => literal(item, place)) };
  }
  if (Array.isArray(type)) {
    only("type", ...narrowing);
    if (!type.every((each) => scalarTypes.has(each))) {
      const options = type.map((each) => nested({ ...node, type: each }, String(each)));
      return { ...described, oneOf: options };
    }
    return { ...described, type };
  }
  if (type === "object" || (type === undefined && node.properties !== undefined)) {
    only("type", "properties", "additionalProperties", "$defs", "definitions", ...narrowing);
    return { ...described, ...object(node, place, nested) };
  }
  if (type === "array") {
    only("type", "items", "prefixItems", "minItems", "maxItems", "$defs", "definitions", ...narrowing);
    return { ...described, ...array(node, place, nested) };
  }
  only("type", ...narrowing);
  if (typeof type !== "string" || !scalarTypes.has(type)) {
    throw unsupported(place, type === undefined ? "allows anything" : `has the type ${JSON.stringify(type)}`);
  }
  if (type !== "string") return { ...described, type };
  if (typeof node.format === "string" && formats.has(node.format)) {
    return { ...described, type, format: node.format };
  }
  return { ...described, type, ...numbersOf(node, ["minLength", "maxLength"], place) };
}

function object(node: Node, place: string, nested: (inner: unknown, name: string) => Node): Node {
  const properties = asNode(node.properties) ?? {};
  const entries = Object.entries(properties).map(([name, inner]) => [name, nested(inner, name)]);
  const missing = Array.isArray(node.required) ? node.required.filter((name) => !(name in properties)) : [];
  if (missing.length > 0) throw unsupported(place, `requires ${missing.join(", ")} without a schema for it`);
  const { additionalProperties } = node;
  const isMap = typeof additionalProperties === "object" && additionalProperties !== null;
  return {
    type: "object",
    properties: Object.fromEntries(entries),
    ...(isMap ? { additionalProperties: nested(additionalProperties, "additionalProperties") } : {}),
    ...(isMap ? numbersOf(node, ["minProperties", "maxProperties"], place) : {}),
  };
}

function array(node: Node, place: string, nested: (inner: unknown, name: string) => Node): Node {
  const { items, prefixItems } = node;
  if (items === undefined && prefixItems === undefined) throw unsupported(place, "has items of any kind");
  const hasItems = items !== undefined && items !== false;
  return {
    type: "array",
    ...(hasItems ? { items: nested(items, "items") } : {}),
    ...(prefixItems === undefined
      ? {}
      : {
          prefixItems: asList(prefixItems, place).map((inner, at) => nested(inner, String(at))),
          ...(hasItems ? {} : { maxItems: asList(prefixItems, place).length }),
        }),
    ...numbersOf(node, ["minItems", "maxItems"], place),
  };
}

function reference($ref: unknown, place: string, { definitions, root }: Context): string {
  if ($ref === "#" && root !== undefined) return `#/$defs/${root}`;
  const name = typeof $ref === "string" ? /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec($ref)?.[1] : undefined;
  if (name !== undefined && Object.hasOwn(definitions, name)) return `#/$defs/${name}`;
  throw unsupported(place, `refers to ${JSON.stringify($ref)}, which is no definition of the schema`);
}

function rootName(definitions: Node): string {
  let name = "root";
  while (Object.hasOwn(definitions, name)) name += "_";
  return name;
}

function numbersOf(node: Node, keys: readonly string[], place: string): Node {
  const found: Record<string, number> = {};
  for (const key of keys) {
    const value = node[key];
    if (value === undefined) continue;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
      throw unsupported(place, `has ${key} ${JSON.stringify(value)}`);
    }
    found[key] = value;
  }
  return found;
}

function literal(value: unknown, place: string): unknown {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return value;
  throw unsupported(place, "lists values that are objects or arrays");
}

function assertKnown(node: Node, place: string, known: readonly string[]): void {
  const unknown = Object.keys(node).find((key) => !ignored.has(key) && !known.includes(key));
  if (unknown !== undefined) throw unsupported(place, `has the keyword ${unknown}`);
}

function asNode(value: unknown): Node | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function asList(value: unknown, place: string): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw unsupported(place, "is no list of at least one");
}

function unsupported(place: string, what: string): AikoError {
  return new AikoError("UNSUPPORTED", {
    message: `The embedded engine's grammars cannot keep to this JSON schema: ${place === "" ? "the schema" : place} ${what}`,
    hint: 'Use objects, arrays, enumerations and scalars, or format "json" and a check of the answer.',
  });
}
