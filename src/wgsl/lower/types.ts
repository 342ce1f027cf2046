import { type Data, list } from "../evaluate/value.ts";
import { layoutOf } from "../layout.ts";
import {
  arrayOf,
  elementScalar,
  isWideInteger,
  pointerTo,
  referenceTo,
  type StructMember,
  type StructType,
  type Type,
  u32,
  vectorOf,
} from "../types.ts";

/** A 64-bit integer: the low word, then the high one. */
export const pair = vectorOf(2, u32);

/** Whether a scalar or vector is made of 64-bit integers. */
export function isWide(type: Type): boolean {
  const element = elementScalar(type);
  return element !== undefined && isWideInteger(element);
}

/** Whether a value of this type has 64-bit integers in it. */
export function containsWide(type: Type): boolean {
  switch (type.kind) {
    case "array":
      return containsWide(type.element);
    case "struct":
      return type.members.some((member) => containsWide(member.type));
    case "pointer":
    case "reference":
      return containsWide(type.store);
    default:
      return isWide(type);
  }
}

/**
 * The types without 64-bit integers, laid out in memory as those with them: `vec2<u32>` for a scalar, an array of these
 * for a vector. What arrays lack in alignment, the structures around them state; an array pads elements of three.
 */
export class LoweredTypes {
  readonly #uniformsAreStorage: boolean;
  readonly #structs = new Map<StructType, StructType>();
  readonly #padded: StructType;

  constructor(prefix: string, uniformsAreStorage: boolean) {
    this.#uniformsAreStorage = uniformsAreStorage;
    this.#padded = {
      kind: "struct",
      name: `${prefix}padded`,
      builtin: false,
      members: [{ name: "value", type: arrayOf(pair, 3), align: undefined, size: 32, attributes: {} }],
    };
  }

  of(type: Type): Type {
    switch (type.kind) {
      case "scalar":
        return isWide(type) ? pair : type;
      case "vector":
        return isWide(type) ? arrayOf(pair, type.size) : type;
      case "array":
        return containsWide(type) ? arrayOf(this.padding(type) ?? this.of(type.element), type.count) : type;
      case "struct":
        return containsWide(type) ? this.struct(type) : type;
      case "pointer": {
        const { space, access } = this.memory(type);
        return pointerTo(space, this.of(type.store), access);
      }
      case "reference": {
        const { space, access } = this.memory(type);
        return referenceTo(space, this.of(type.store), access);
      }
      default:
        return type;
    }
  }

  /** Where memory is: uniform variables become storage where one of them could not be laid out as a uniform. */
  memory<T extends { readonly space: string; readonly access: string }>({ space, access }: T) {
    type Place = Pick<T, "space" | "access">;
    const moved = this.#uniformsAreStorage && space === "uniform";
    return (moved ? { space: "storage", access: "read" } : { space, access }) as Place;
  }

  /** The structure that stands around each element of an array, where there has to be one. */
  padding(type: Type): StructType | undefined {
    const element = type.kind === "array" ? type.element : type;
    return element.kind === "vector" && element.size === 3 && isWide(element) ? this.#padded : undefined;
  }

  struct(type: StructType): StructType {
    if (!containsWide(type)) return type;
    let lowered = this.#structs.get(type);
    if (lowered === undefined) {
      lowered = { ...type, members: type.members.map((member) => this.#member(member)) };
      this.#structs.set(type, lowered);
    }
    return lowered;
  }

  #member(member: StructMember): StructMember {
    const type = this.of(member.type);
    const { align } = layoutOf(member.type);
    const stated = layoutOf(type).align === align ? undefined : align;
    return { ...member, type, align: member.align ?? stated };
  }

  data(type: Type, data: Data): Data {
    switch (type.kind) {
      case "scalar":
        return isWide(type) ? words(data) : data;
      case "vector":
        return isWide(type) ? list(data).map(words) : data;
      case "array": {
        const items = list(data).map((item) => this.data(type.element, item));
        return this.padding(type) === undefined ? items : items.map((item) => [item]);
      }
      case "struct":
        return type.members.map((member, index) => this.data(member.type, list(data)[index] ?? 0));
      default:
        return data;
    }
  }
}

function words(data: Data): Data {
  const bits = BigInt.asUintN(64, BigInt(typeof data === "object" ? 0 : data));
  return [Number(bits & 0xffffffffn), Number(bits >> 32n)];
}
