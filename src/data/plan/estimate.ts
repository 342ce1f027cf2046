import { type ColumnType, physicalOf, type Schema } from "../../core/column-type.ts";
import { byteLengthOf, isDType } from "../../core/dtype.ts";
import type { Source } from "../source/source.ts";
import type { PlanNode } from "./node.ts";

/** About how long texts and lists are where nobody knows. */
const textBytes = 16;

function valueBytes(type: ColumnType): number {
  const physical = physicalOf(type);
  if (physical === "bits") return 1 / 8;
  if (physical === "i128") return 16;
  return isDType(physical) ? byteLengthOf(physical, 1) : textBytes;
}

/** About how many bytes a row takes in memory. */
export function rowBytes(schema: Schema): number {
  return schema.reduce((sum, { type }) => sum + valueBytes(type), 0);
}

/** More rows than these there cannot be; Infinity where a file does not say. */
export function mostRows(node: PlanNode): number {
  switch (node.kind) {
    case "scan":
      return mostScanned(node.source);
    case "limit":
      return Math.min(node.count, mostRows(node.input));
    case "sort":
      return Math.min(node.limit ?? Number.POSITIVE_INFINITY, mostRows(node.input));
    case "aggregate":
      return node.keys.length === 0 ? 1 : mostRows(node.input);
    case "concat":
      return node.inputs.reduce((sum, input) => sum + mostRows(input), 0);
    case "join":
      return mostJoined(node);
    case "unpivot":
      return mostRows(node.input) * node.columns.length;
    case "explode":
      return Number.POSITIVE_INFINITY;
    default:
      return mostRows(node.input);
  }
}

/** A row of text has at least the byte that ends it. */
function mostScanned(source: Source): number {
  if (source.kind === "memory") return source.columns.rows;
  if (source.rows !== undefined) return source.rows;
  return source.paths.some((path) => /\.(gz|zst)$/.test(path)) ? Number.POSITIVE_INFINITY : source.byteLength;
}

function mostJoined({ left, right, how }: PlanNode & { readonly kind: "join" }): number {
  const [a, b] = [mostRows(left), mostRows(right)];
  if (how === "semi" || how === "anti") return a;
  const pairs = a === 0 || b === 0 ? 0 : a * b;
  if (how === "left") return Math.max(pairs, a);
  if (how === "right") return Math.max(pairs, b);
  return how === "full" ? Math.max(pairs, a + b) : pairs;
}

/** About how many rows come out, for predictions. */
export function likelyRows(node: PlanNode): number {
  switch (node.kind) {
    case "scan": {
      const { source } = node;
      const all =
        source.kind === "memory"
          ? source.columns.rows
          : (source.rows ?? source.byteLength / Math.max(1, rowBytes(source.schema)));
      return node.predicate === undefined ? all : all / 3;
    }
    case "filter":
      return likelyRows(node.input) / 3;
    case "limit":
      return Math.min(node.count, likelyRows(node.input));
    case "sort":
      return Math.min(node.limit ?? Number.POSITIVE_INFINITY, likelyRows(node.input));
    case "aggregate":
      return node.keys.length === 0 ? 1 : Math.sqrt(likelyRows(node.input)) * 8;
    case "distinct":
      return likelyRows(node.input) / 2;
    case "concat":
      return node.inputs.reduce((sum, input) => sum + likelyRows(input), 0);
    case "join":
      return Math.max(likelyRows(node.left), likelyRows(node.right));
    case "unpivot":
      return likelyRows(node.input) * node.columns.length;
    case "explode":
      return likelyRows(node.input) * 4;
    default:
      return likelyRows(node.input);
  }
}
