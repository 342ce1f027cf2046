import { elementType } from "./elements.ts";
import type { Dimension, ValueInfo, ValueType } from "./model.ts";
import { invalidFile, type WireReader } from "./wire.ts";

const unknown: ValueType = { kind: "unknown" };

/** A ValueInfoProto. */
export function parseValueInfo(reader: WireReader): ValueInfo {
  let name = "";
  let type = unknown;
  while (reader.next()) {
    if (reader.field === 1) name = reader.text("The name of a value");
    else if (reader.field === 2) type = parseType(reader.message());
  }
  if (name === "") throw invalidFile("A value in the list of inputs, outputs or types has no name");
  return { name, type };
}

/** A TypeProto. */
export function parseType(reader: WireReader): ValueType {
  let type = unknown;
  while (reader.next()) {
    const { field } = reader;
    if (field === 1) type = parseTensorType(reader.message());
    else if (field === 4) type = { kind: "sequence", of: elementOf(reader.message()) };
    else if (field === 9) type = { kind: "optional", of: elementOf(reader.message()) };
    else if (field === 5) type = { kind: "map" };
    else if (field === 8) type = { kind: "sparse" };
    else if (field === 7) type = { kind: "opaque" };
  }
  return type;
}

function elementOf(reader: WireReader): ValueType {
  let type = unknown;
  while (reader.next()) if (reader.field === 1) type = parseType(reader.message());
  return type;
}

function parseTensorType(reader: WireReader): ValueType {
  let number = 0;
  let shape: readonly Dimension[] | undefined;
  while (reader.next()) {
    if (reader.field === 1) number = reader.integer("An element type");
    else if (reader.field === 2) shape = parseShape(reader.message());
  }
  return { kind: "tensor", dtype: elementType(number), elementType: number, shape };
}

const mostDimensions = 64;

function parseShape(reader: WireReader): readonly Dimension[] {
  const shape: Dimension[] = [];
  while (reader.next()) {
    if (reader.field !== 1) continue;
    shape.push(parseDimension(reader.message()));
    if (shape.length > mostDimensions)
      throw invalidFile(`A shape has more than ${mostDimensions} dimensions`);
  }
  return shape;
}

/** A size below zero means an open one to some writers of models. */
function parseDimension(reader: WireReader): Dimension {
  let dimension: Dimension;
  while (reader.next()) {
    if (reader.field === 1) {
      const size = reader.integer("A dimension");
      dimension = size < 0 ? undefined : size;
    } else if (reader.field === 2) {
      const name = reader.text("The name of a dimension");
      dimension = name === "" ? undefined : name;
    }
  }
  return dimension;
}
