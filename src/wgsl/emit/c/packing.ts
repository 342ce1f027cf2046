import type { Writer } from "./writer.ts";

/** Small vectors in one word, and dot products of them. */
export function emitPacking(writer: Writer, name: string, a: string, b: string): string | undefined {
  const { helpers, dialect } = writer;
  const vector = (lane: string, size: number) => dialect.vector(lane, size);
  const pack = (lane: string, size: number, text: string, saturate = false) =>
    dialect.reinterpret("uint", dialect.convert(vector(lane, size), text, saturate));
  const unpack = (lane: string, size: number, to: string) =>
    dialect.convert(vector(to, size), dialect.reinterpret(vector(lane, size), a));
  const scaled = (low: string, scale: string) => `rint(${scale} * fmin(fmax(${a}, ${low}), 1.0f))`;
  switch (name) {
    case "pack4x8snorm":
      return pack("char", 4, scaled("-1.0f", "127.0f"));
    case "pack4x8unorm":
      return pack("uchar", 4, scaled("0.0f", "255.0f"));
    case "pack2x16snorm":
      return pack("short", 2, scaled("-1.0f", "32767.0f"));
    case "pack2x16unorm":
      return pack("ushort", 2, scaled("0.0f", "65535.0f"));
    case "pack2x16float":
    case "unpack2x16float":
      return `${helpers.need(name, () => dialect.helpers[name])}(${a})`;
    case "pack4xI8":
      return pack("uchar", 4, `${dialect.reinterpret(vector("uint", 4), a)} & 255u`);
    case "pack4xU8":
      return pack("uchar", 4, `${a} & 255u`);
    case "pack4xI8Clamp":
      return pack("char", 4, a, true);
    case "pack4xU8Clamp":
      return pack("uchar", 4, a, true);
    case "unpack4x8snorm":
      return `fmax(${unpack("char", 4, "float")} / 127.0f, -1.0f)`;
    case "unpack4x8unorm":
      return `(${unpack("uchar", 4, "float")} / 255.0f)`;
    case "unpack2x16snorm":
      return `fmax(${unpack("short", 2, "float")} / 32767.0f, -1.0f)`;
    case "unpack2x16unorm":
      return `(${unpack("ushort", 2, "float")} / 65535.0f)`;
    case "unpack4xI8":
      return unpack("char", 4, "int");
    case "unpack4xU8":
      return unpack("uchar", 4, "uint");
    case "dot4U8Packed":
    case "dot4I8Packed":
      return `${dotPacked(writer, name)}(${a}, ${b})`;
    default:
      return undefined;
  }
}

function dotPacked({ helpers, dialect }: Writer, name: "dot4U8Packed" | "dot4I8Packed"): string {
  const [lane, byte] = name === "dot4U8Packed" ? ["uint", "uchar"] : ["int", "char"];
  const wide = dialect.vector(lane, 4);
  const lanes = (word: string) => dialect.convert(wide, dialect.reinterpret(dialect.vector(byte, 4), word));
  const sum = [0, 1, 2, 3].map((at) => dialect.lane("x", at)).join(" + ");
  return helpers.define(
    name.toLowerCase(),
    lane,
    "uint a, uint b",
    () => `${wide} x = ${lanes("a")} * ${lanes("b")}; return ${sum};`,
  );
}
