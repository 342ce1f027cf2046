import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readNpyTensor, writeNpyTensor } from "#src/cli/npy-tensor.js";
import { failure } from "../support/errors.js";
import { model, node, perceptron, value } from "../support/onnx.js";
import { aikoryu } from "./run.ts";

const folder = await mkdtemp(join(tmpdir(), "aikoryu-cli-nn-"));
const path = (name: string) => join(folder, name);

beforeAll(async () => {
  await writeFile(path("net.onnx"), perceptron());
  await writeNpyTensor(path("x.npy"), { dtype: "f64", shape: [2, 2], data: Float64Array.of(1, 2, 3, -4) });
});

describe("nn run", () => {
  it("writes outputs, of the types that the model has", async () => {
    const args = [
      "nn",
      "run",
      path("net.onnx"),
      "--input",
      path("x.npy"),
      "-o",
      `y=${path("y.npy")}`,
      "--json",
    ];
    const { status, stdout } = await aikoryu(args);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      outputs: { y: { dtype: "f32", shape: [2, 3], file: path("y.npy") } },
      report: { provider: "onnxruntime" },
    });
    expect(await readNpyTensor(path("y.npy"))).toEqual({
      dtype: "f32",
      shape: [2, 3],
      data: Float32Array.of(0, 12, 15.5, 0, 0, 0),
    });
  });

  it("shows outputs that go nowhere", async () => {
    const { status, stdout } = await aikoryu(["nn", "run", path("net.onnx"), "-i", `x=${path("x.npy")}`]);
    expect(status).toBe(0);
    expect(stdout).toContain("y: f32 2x3: 0, 12, 15.5, 0, 0, 0");
    expect(stdout).toMatch(/because: /);
  });

  const wrong: Readonly<Record<string, [readonly string[], RegExp]>> = {
    "no action": [[], /needs an action/],
    "an unknown action": [["rnu"], /Did you mean run/],
    "no model": [["run"], /needs a model/],
    "two models": [["info", "a.onnx", "b.onnx"], /one model, not 2/],
    "an unknown option": [["run", path("net.onnx"), "--inptu", "x"], /--input/],
    "an unknown provider": [["run", path("net.onnx"), "--provider", "cup"], /Did you mean cpu/],
    "an input that the model does not have": [
      ["run", path("net.onnx"), "-i", `xs=${path("x.npy")}`],
      /Did you mean x/,
    ],
    "an output that the model does not have": [
      ["run", path("net.onnx"), "-i", path("x.npy"), "-o", "z=z.npy"],
      /no output "z"/,
    ],
    "an input given twice": [
      ["run", path("net.onnx"), "-i", `x=${path("x.npy")}`, "-i", `x=${path("x.npy")}`],
      /"x" is given twice/,
    ],
    "sizes that are none": [["bench", path("net.onnx"), "--batch", "1,two"], /1,two/],
  };
  for (const [name, [args, message]] of Object.entries(wrong)) {
    it(`refuses ${name} as wrong usage`, async () => {
      const { status, stderr } = await aikoryu(["nn", ...args]);
      expect(stderr).toMatch(message);
      expect(status).toBe(2);
    });
  }

  it("fails where the input does not fit, and leaves no file", async () => {
    await writeNpyTensor(path("long.npy"), { dtype: "f32", shape: [1, 3], data: new Float32Array(3) });
    const args = ["nn", "run", path("net.onnx"), "-i", path("long.npy"), "-o", path("none.npy"), "--json"];
    const { status, stdout } = await aikoryu(args);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "INVALID_ARGUMENT" } });
    expect((await readdir(folder)).filter((name) => name.includes("none"))).toEqual([]);
  });
});

describe("nn info and bench", () => {
  it("info shows what is in the file", async () => {
    const { status, stdout } = await aikoryu(["nn", "info", path("net.onnx"), "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      opsets: { "ai.onnx": 17 },
      inputs: [{ name: "x", dtype: "f32", shape: ["batch", 2] }],
      operators: { Gemm: 1, Relu: 1 },
      parameters: { count: 9, tensors: 2, bytes: 36 },
    });
  });

  it("info refuses what is no model", async () => {
    await writeFile(path("bad.onnx"), perceptron().subarray(0, 60));
    const { status, stderr } = await aikoryu(["nn", "info", path("bad.onnx")]);
    expect(status).toBe(1);
    expect(stderr).toContain("bad.onnx: Truncated");
  });

  it("bench times the sizes asked for", async () => {
    await writeFile(
      path("neg.onnx"),
      model({
        nodes: [node("Neg", ["x"], ["y"])],
        inputs: [value("x", "f32", ["n", 4])],
        outputs: [value("y", "f32", ["n", 4])],
      }),
    );
    const args = ["nn", "bench", path("neg.onnx"), "--provider", "cpu", "--batch", "1,8", "--json"];
    const { status, stdout } = await aikoryu(args);
    expect(status).toBe(0);
    const { rows } = JSON.parse(stdout) as { rows: { batch: number; ms: number }[] };
    expect(rows.map(({ batch }) => batch)).toEqual([1, 8]);
    expect(rows.every(({ ms }) => ms > 0)).toBe(true);
  });
});

describe(".npy tensors", () => {
  it("keep every type", async () => {
    const samples = [
      { dtype: "f16", data: Uint16Array.of(0x3c00) },
      { dtype: "i8", data: Int8Array.of(-1) },
      { dtype: "bool", data: Uint8Array.of(1) },
      { dtype: "u32", data: Uint32Array.of(2 ** 32 - 1) },
      { dtype: "i64", data: BigInt64Array.of(-(2n ** 63n)) },
    ] as const;
    for (const { dtype, data } of samples) {
      await writeNpyTensor(path("t.npy"), { dtype, shape: [1], data });
      expect(await readNpyTensor(path("t.npy"))).toEqual({ dtype, shape: [1], data });
    }
    await failure(
      () => writeNpyTensor(path("t.npy"), { dtype: "string", shape: [1], data: ["a"] }),
      "UNSUPPORTED",
    );
  });

  it("are read in either order of bytes and of elements", async () => {
    const header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }".padEnd(117);
    const bytes = Buffer.alloc(128 + 12);
    bytes.write("\x93NUMPY\x01\x00\x76\x00", "latin1");
    bytes.write(`${header}\n`, 10);
    for (let at = 0; at < 6; at++) bytes.writeInt16BE(at, 128 + at * 2);
    await writeFile(path("fortran.npy"), bytes);
    expect((await readNpyTensor(path("fortran.npy"))).data).toEqual(Int16Array.of(0, 2, 4, 1, 3, 5));
  });
});
