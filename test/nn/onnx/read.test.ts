import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  type OnnxTensor,
  readModel,
  stringAttribute,
  tensorAttribute,
} from "#src/nn/onnx/index.js";
import { failure } from "../../support/errors.js";
import { folderOf } from "../../support/files.js";
import {
  attribute,
  float,
  floats,
  graph,
  integer,
  message,
  model,
  node,
  perceptron,
  tensor,
  text,
  value,
  varint,
} from "../../support/onnx.js";

const read = async (bytes: Uint8Array) => (await readModel(bytes)).model;

describe("reading a model", () => {
  it("gives its graph by name", async () => {
    const { graph: found, opsets, irVersion } = await read(perceptron());
    expect(irVersion).toBe(8);
    expect([...opsets]).toEqual([["", 17]]);
    expect(
      found.nodes.map(({ name, operator, inputs, outputs }) => [name, operator, inputs, outputs]),
    ).toEqual([
      ["dense", "Gemm", ["x", "w", "b"], ["sum"]],
      ["", "Relu", ["sum"], ["y"]],
    ]);
    expect(found.inputs).toEqual([
      { name: "x", type: { kind: "tensor", dtype: "f32", elementType: 1, shape: ["batch", 2] } },
    ]);
    expect(found.initializers.get("w")).toMatchObject({ dtype: "f32", shape: [2, 3] });
    expect(found.initializers.get("b")?.data).toEqual(Float32Array.of(-10, 0, 0.5));
  });

  it("reads attributes of every kind", async () => {
    const inner = graph({ nodes: [node("Neg", ["x"], ["z"])], outputs: [value("z", "f32")] });
    const attributes = [
      attribute.int("axis", -1),
      attribute.int("end", 2n ** 63n - 1n),
      attribute.ints("pads", [1, -2, 300]),
      attribute.float("alpha", 0.5),
      attribute.text("mode", "linear"),
      attribute.tensor("value", floats("", [2], [1, 2])),
      attribute.graph("body", inner),
      Buffer.concat([text(1, "packed"), message(8, varint(7), varint(-9)), integer(20, 7)]),
      Buffer.concat([text(1, "zero"), integer(20, 2)]),
      Buffer.concat([text(1, "untyped"), float(2, 4)]),
    ];
    const file = model({
      nodes: [node("Thing", ["x"], ["y"], attributes)],
      inputs: [value("x", "f32")],
      outputs: [value("y", "f32")],
    });
    const found = (await read(file)).graph.nodes[0];
    if (found === undefined) return expect.fail("no node");
    expect(intAttribute(found, "axis", 0)).toBe(-1);
    expect(found.attributes.get("end")).toEqual({ kind: "int", value: 2n ** 63n - 1n });
    expect(intsAttribute(found, "pads", undefined)).toEqual([1, -2, 300]);
    expect(intsAttribute(found, "packed", undefined)).toEqual([7, -9]);
    expect(floatAttribute(found, "alpha", 0)).toBe(0.5);
    expect(floatAttribute(found, "untyped", 0)).toBe(4);
    expect(stringAttribute(found, "mode", "")).toBe("linear");
    expect(intAttribute(found, "zero", 5)).toBe(0);
    expect(intAttribute(found, "absent", 5)).toBe(5);
    expect(tensorAttribute(found, "value")?.data).toEqual(Float32Array.of(1, 2));
    expect(found.attributes.get("body")).toMatchObject({ kind: "graph", value: { name: "test" } });
    await failure(() => intAttribute(found, "alpha", 0), "INVALID_FILE");
  });

  it("reads tensors of every type, raw and typed", async () => {
    const typed = (name: string, type: number, sizes: number[], ...data: Buffer[]) =>
      Buffer.concat([...sizes.map((size) => integer(1, size)), integer(2, type), text(8, name), ...data]);
    const initializers = [
      typed("f32", 1, [2], message(4, Buffer.from(Float32Array.of(1.5, -2).buffer))),
      typed("f32 one by one", 1, [2], float(4, 1.5), float(4, -2)),
      typed("f64", 11, [1], message(10, Buffer.from(Float64Array.of(Math.PI).buffer))),
      typed("i8", 3, [2], message(5, varint(-3), varint(127))),
      typed("u16", 4, [1], message(5, varint(65535))),
      typed("f16", 10, [1], message(5, varint(0x3c00))),
      typed("bf16", 16, [1], message(5, varint(0xbf80))),
      typed("bool", 9, [2], message(5, varint(1), varint(0))),
      typed("i32", 6, [1], message(5, varint(-(2 ** 31)))),
      typed("i64", 7, [2], message(7, varint(-(2n ** 63n)), varint(2n ** 62n))),
      typed("u32", 12, [1], message(11, varint(2 ** 32 - 1))),
      typed("u64", 13, [1], message(11, varint(2n ** 64n - 1n))),
      typed("string", 8, [2], message(6, Buffer.from("one")), message(6, Buffer.from("zwölf"))),
      typed("scalar", 7, [], message(7, varint(5))),
      typed("empty", 1, [0, 4]),
      typed("int4", 22, [3], message(9, Buffer.of(0x21, 0x03))),
      tensor("raw i64", "i64", [1], BigInt64Array.of(-5n)),
    ];
    const { initializers: found } = (await read(model({ nodes: [], initializers }))).graph;
    const data = (name: string) => (found.get(name) as OnnxTensor).data;
    expect(data("f32")).toEqual(Float32Array.of(1.5, -2));
    expect(data("f32 one by one")).toEqual(Float32Array.of(1.5, -2));
    expect(data("f64")).toEqual(Float64Array.of(Math.PI));
    expect(data("i8")).toEqual(Int8Array.of(-3, 127));
    expect(data("u16")).toEqual(Uint16Array.of(65535));
    expect(data("f16")).toEqual(Uint16Array.of(0x3c00));
    expect(data("bf16")).toEqual(Uint16Array.of(0xbf80));
    expect(data("bool")).toEqual(Uint8Array.of(1, 0));
    expect(data("i32")).toEqual(Int32Array.of(-(2 ** 31)));
    expect(data("i64")).toEqual(BigInt64Array.of(-(2n ** 63n), 2n ** 62n));
    expect(data("u32")).toEqual(Uint32Array.of(2 ** 32 - 1));
    expect(data("u64")).toEqual(BigUint64Array.of(2n ** 64n - 1n));
    expect(data("string")).toEqual(["one", "zwölf"]);
    expect(data("scalar")).toEqual(BigInt64Array.of(5n));
    expect(data("empty")).toEqual(new Float32Array(0));
    expect(data("raw i64")).toEqual(BigInt64Array.of(-5n));
    expect(found.get("int4")).toMatchObject({ dtype: "unsupported", elementType: 22 });
  });
});

describe("files that are no models", () => {
  const refused: Readonly<Record<string, [Uint8Array, RegExp]>> = {
    nothing: [Buffer.alloc(0), /empty/],
    GGUF: [Buffer.from("GGUF\x03\0\0\0"), /GGUF/],
    "a ZIP archive": [Buffer.from("PK\x03\x04...."), /ZIP/],
    "a Git LFS pointer": [Buffer.from("version https://git-lfs.github.com/spec/v1\n"), /git lfs pull/],
    "ONNX Runtime's own format": [Buffer.from("\0\0\0\0ORTM"), /ONNX Runtime's own format/],
    text: [Buffer.from("hello, this is no model"), /./],
    "no graph": [integer(1, 8), /no graph/],
    "a huge length": [Buffer.concat([varint((7 << 3) | 2), varint(2 ** 34)]), /Truncated/],
  };
  for (const [name, [bytes, message]] of Object.entries(refused)) {
    it(`refuses ${name}`, async () => {
      expect((await failure(() => readModel(bytes), "INVALID_FILE")).message).toMatch(message);
    });
  }

  it("names a missing file's neighbour", async () => {
    const folder = folderOf({});
    writeFileSync(join(folder, "mnist.onnx"), perceptron());
    const error = await failure(() => readModel(join(folder, "minst.onnx")), "FILE_NOT_FOUND");
    expect(error.hint).toContain("mnist.onnx");
  });
});

describe("models that contradict themselves", () => {
  const io = { inputs: [value("x", "f32")], outputs: [value("y", "f32")] };
  const dims = (...sizes: (number | bigint)[]) =>
    Buffer.concat([...sizes.map((size) => integer(1, size)), integer(2, 1), text(8, "w")]);
  const nested = (depth: number): Buffer =>
    depth === 0
      ? graph({ nodes: [] })
      : graph({ nodes: [node("If", [], ["y"], [attribute.graph("then_branch", nested(depth - 1))])] });
  const refused: Readonly<Record<string, [Uint8Array, RegExp]>> = {
    "a cycle": [
      model({ nodes: [node("Add", ["x", "b"], ["a"]), node("Neg", ["a"], ["b"])], ...io }),
      /Add node.*cycle/,
    ],
    "nodes out of order": [
      model({ nodes: [node("Neg", ["a"], ["y"], [], { name: "last" }), node("Neg", ["x"], ["a"])], ...io }),
      /"last" takes "a" before/,
    ],
    "an undefined input": [
      model({ nodes: [node("Neg", ["q"], ["y"])], ...io }),
      /takes "q", which nothing makes/,
    ],
    "an output that nothing makes": [model({ nodes: [], ...io }), /No node makes the output "y"/],
    "a value made twice": [
      model({ nodes: [node("Neg", ["x"], ["y"]), node("Abs", ["x"], ["y"])], ...io }),
      /Abs node.*makes "y", which exists already/,
    ],
    "two inputs of one name": [
      model({ nodes: [], inputs: [value("x", "f32"), value("x", "f32")] }),
      /Two inputs/,
    ],
    "two initializers of one name": [
      model({ nodes: [], initializers: [floats("w", [1], [1]), floats("w", [1], [1])] }),
      /Two initializers are called "w"/,
    ],
    "an operator set that is not imported": [
      model({ nodes: [node("Gelu", ["x"], ["y"], [], { domain: "com.microsoft" })], ...io }),
      /com.microsoft/,
    ],
    "a node without an operator": [model({ nodes: [text(3, "n")] }), /no operator/],
    "a negative dimension": [model({ nodes: [], initializers: [dims(-3)] }), /"w": its dimension of -3/],
    "huge dimensions": [model({ nodes: [], initializers: [dims(2n ** 40n, 2n ** 40n)] }), /"w".*too large/],
    "more elements than data": [
      model({ nodes: [], initializers: [dims(1_000_000_000)] }),
      /"w".*needs 1000000000/,
    ],
    "less data than elements": [
      model({ nodes: [], initializers: [floats("w", [3], [1, 2])] }),
      /"w": 3 of f32 needs 12 bytes, its raw data has 8/,
    ],
    "an unknown element type": [
      model({ nodes: [], initializers: [Buffer.concat([integer(1, 1), integer(2, 99), text(8, "w")])] }),
      /no element type 99/,
    ],
    "100 dimensions": [model({ nodes: [], initializers: [dims(...Array(100).fill(1))] }), /more than 64/],
    "graphs 60 deep": [
      model({ nodes: [node("If", ["x"], ["y"], [attribute.graph("g", nested(60))])], ...io }),
      /deep/,
    ],
    "a constant larger than memory": [
      model({
        nodes: [node("ConstantOfShape", ["sizes"], ["y"])],
        outputs: io.outputs,
        initializers: [tensor("sizes", "i64", [2], BigInt64Array.of(2n ** 30n, 2n ** 30n))],
      }),
      /ConstantOfShape node.*memory/,
    ],
    "no IR version": [model({ nodes: [], irVersion: 0 }), /IR version is 0/],
    "a negative operator set": [model({ nodes: [], opset: -1 }), /version -1/],
  };
  for (const [name, [bytes, message]] of Object.entries(refused)) {
    it(`refuses ${name}`, async () => {
      expect((await failure(() => readModel(bytes), "INVALID_FILE")).message).toMatch(message);
    });
  }

  it("does not know formats newer than itself", async () => {
    await failure(() => readModel(model({ nodes: [], irVersion: 99 })), "UNSUPPORTED");
  });
});

describe("external data", () => {
  const external = (location: string, more: Readonly<Record<string, string>> = {}) =>
    model({
      nodes: [],
      initializers: [
        Buffer.concat([
          integer(1, 2),
          integer(2, 1),
          text(8, "w"),
          integer(14, 1),
          ...Object.entries({ location, ...more }).map(([key, content]) =>
            message(13, text(1, key), text(2, content)),
          ),
        ]),
      ],
    });
  const weights = Buffer.from(Float32Array.of(9, 1, 2).buffer);
  const inFolder = (bytes: Uint8Array) => {
    const folder = folderOf({
      "inner/x": "",
      "inner/out": "-> ../secret",
      secret: "12345678",
      "short/w.bin": "1",
    });
    writeFileSync(join(folder, "inner", "w.bin"), weights);
    writeFileSync(join(folder, "inner", "model.onnx"), bytes);
    return join(folder, "inner", "model.onnx");
  };

  it("is read from the model's folder", async () => {
    const { model: found } = await readModel(inFolder(external("w.bin", { offset: "4", length: "8" })));
    expect(found.graph.initializers.get("w")?.data).toEqual(Float32Array.of(1, 2));
  });

  it("is not read for a model without a folder", async () => {
    const { model: found } = await readModel(external("w.bin"));
    expect((await failure(() => found.graph.initializers.get("w")?.data, "INVALID_FILE")).hint).toContain(
      "path",
    );
  });

  const refused: Readonly<Record<string, [Uint8Array, RegExp]>> = {
    "an absolute path": [external("/etc/passwd"), /"w".*absolute/],
    "a path upwards": [external("../secret"), /"w".*outside/],
    "a link that leads outside": [external("out"), /"w".*outside/],
    "a missing file": [external("none.bin"), /"w".*missing/],
    "a folder": [external("."), /"w".*(regular|read)/],
    "a file that is too short": [external("w.bin", { offset: "8" }), /"w" needs 8 bytes at 8/],
    "a length that does not fit": [external("w.bin", { length: "12" }), /"w".*needs 8 bytes.*12/],
    "a negative offset": [external("w.bin", { offset: "-4" }), /"w".*offset/],
    "no location": [external(""), /"w".*location/],
  };
  for (const [name, [bytes, message]] of Object.entries(refused)) {
    it(`refuses ${name}`, async () => {
      expect((await failure(() => readModel(inFolder(bytes)), "INVALID_FILE")).message).toMatch(message);
    });
  }
});
