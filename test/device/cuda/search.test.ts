import { describe, expect, it } from "vitest";
import {
  chosenLibrary,
  companionsOf,
  findLibraries,
  inOrder,
  type Machine,
  toolkitRoots,
  versionOf,
} from "#src/device/cuda/search.js";

/** A machine with these files; a link is a path with the file it leads to. */
function machineWith(
  files: readonly (string | readonly [link: string, target: string])[],
  env: Record<string, string> = {},
  platform: NodeJS.Platform = "linux",
  arch = "x64",
): Machine {
  const separator = platform === "win32" ? "\\" : "/";
  const paths = files.map((file) => (typeof file === "string" ? file : file[0]));
  const links = new Map(files.flatMap((file) => (typeof file === "string" ? [] : [file])));
  return {
    platform,
    arch,
    env,
    home: platform === "win32" ? "C:\\Users\\me" : "/home/me",
    list: async (directory) => {
      const below = paths.filter((path) => path.startsWith(`${directory}${separator}`));
      return [...new Set(below.map((path) => path.slice(directory.length + 1).split(separator)[0] ?? ""))];
    },
    resolve: async (path) => links.get(path) ?? path,
  };
}

const at = async (name: "nvrtc" | "cublas", machine: Machine) =>
  (await findLibraries(name, machine)).map(({ path, major, minor }) => `${major}.${minor} ${path}`);

describe("libraries of CUDA are found", () => {
  it("in toolkits, newest first, one a file", async () => {
    const lib = (version: string) => `/usr/local/cuda-${version}/lib64`;
    const machine = machineWith([
      [`${lib("12.4")}/libnvrtc.so.12`, `${lib("12.4")}/libnvrtc.so.12.4.127`],
      `${lib("12.4")}/libnvrtc.so.12.4.127`,
      `${lib("12.4")}/libnvrtc-builtins.so.12.4`,
      [`${lib("13.0")}/libnvrtc.so`, `${lib("13.0")}/libnvrtc.so.13.0.88`],
      [`${lib("13.0")}/libnvrtc.so.13`, `${lib("13.0")}/libnvrtc.so.13.0.88`],
      ["/usr/local/cuda/lib64/libnvrtc.so.13", `${lib("13.0")}/libnvrtc.so.13.0.88`],
      [`${lib("9.2")}/libnvrtc.so.9.2`, `${lib("9.2")}/libnvrtc.so.9.2.148`],
    ]);
    expect(await at("nvrtc", machine)).toEqual([
      `13.0 ${lib("13.0")}/libnvrtc.so.13`,
      `12.4 ${lib("12.4")}/libnvrtc.so.12`,
      `9.2 ${lib("9.2")}/libnvrtc.so.9.2`,
    ]);
  });

  it("in the toolkit that a variable names, before the others", async () => {
    const env = { CUDA_HOME: "/opt/mine", CUDA_PATH: "" };
    const files = ["/opt/mine/lib64/libnvrtc.so.11.8.89", "/usr/local/cuda-12.0/lib64/libnvrtc.so.12.0.1"];
    expect((await toolkitRoots(machineWith(files, env)))[0]).toBe("/opt/mine");
    expect((await at("nvrtc", machineWith(files, env)))[0]).toContain("/opt/mine");
  });

  it.each([
    ["/venv/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12", { VIRTUAL_ENV: "/venv" }],
    ["/venv/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13", { VIRTUAL_ENV: "/venv" }],
    ["/env/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12", { CONDA_PREFIX: "/env" }],
    ["/env/lib/libnvrtc.so.12", { CONDA_PREFIX: "/env" }],
    ["/home/me/.local/lib/python3.10/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.11.2", {}],
    ["/usr/local/lib/python3.11/dist-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12", {}],
    ["/usr/lib/python3/dist-packages/nvidia/cu13/lib/libnvrtc.so.13", {}],
    ["/opt/conda/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12", {}],
    ["/elsewhere/libnvrtc.so.12", { LD_LIBRARY_PATH: "/nowhere:/elsewhere" }],
    ["/usr/lib/x86_64-linux-gnu/libnvrtc.so.12", {}],
  ])("at %s", async (path, env) => {
    expect(await at("nvrtc", machineWith([path], env as Record<string, string>))).toHaveLength(1);
  });

  it("for cuBLAS in folders of its own, and not its siblings", async () => {
    const folder = "/usr/local/lib/python3.11/dist-packages/nvidia/cublas/lib";
    const files = ["libcublas.so.12", "libcublasLt.so.12", "libnvblas.so.12"].map(
      (name) => `${folder}/${name}`,
    );
    expect(await at("cublas", machineWith(files))).toEqual([`12.0 ${folder}/libcublas.so.12`]);
  });

  it("on Windows", async () => {
    const toolkit = "C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA";
    const files = [
      `${toolkit}\\v12.4\\bin\\nvrtc64_120_0.dll`,
      `${toolkit}\\v12.4\\bin\\nvrtc-builtins64_124.dll`,
      `${toolkit}\\v13.0\\bin\\x64\\nvrtc64_130_0.dll`,
      `${toolkit}\\v13.0\\bin\\x64\\cublas64_13.dll`,
    ];
    const machine = machineWith(files, { ProgramFiles: "C:\\Program Files" }, "win32");
    expect(await at("nvrtc", machine)).toEqual([`13.0 ${files[2]}`, `12.0 ${files[0]}`]);
    expect(await at("cublas", machine)).toEqual([`13.0 ${files[3]}`]);
  });

  it("on 64-bit ARM servers", async () => {
    const file = "/usr/local/cuda-13.0/targets/sbsa-linux/lib/libnvrtc.so.13.0.88";
    expect(await at("nvrtc", machineWith([file], {}, "linux", "arm64"))).toEqual([`13.0 ${file}`]);
  });

  it("with what they load by name", async () => {
    const folder = "/usr/lib/python3/dist-packages/nvidia/cu13/lib";
    const names = ["libnvrtc.so.13", "libnvrtc-builtins.so.13.0", "libcublas.so.13", "libcublasLt.so.13"];
    const machine = machineWith(names.map((name) => `${folder}/${name}`));
    expect(await companionsOf("nvrtc", `${folder}/libnvrtc.so.13`, machine)).toEqual([
      `${folder}/${names[1]}`,
    ]);
    expect(await companionsOf("cublas", `${folder}/libcublas.so.13`, machine)).toEqual([
      `${folder}/${names[3]}`,
    ]);
    expect(await companionsOf("nvrtc", "libnvrtc.so.13", machine)).toEqual([]);
  });

  it("nowhere on a machine without", async () => {
    expect(await at("nvrtc", machineWith([]))).toEqual([]);
    expect(chosenLibrary("nvrtc", machineWith([], { AIKORYU_NVRTC: "" }))).toBeUndefined();
    expect(chosenLibrary("cublas", machineWith([], { AIKORYU_CUBLAS: "/a" }))).toBe("/a");
  });
});

describe("of several libraries", () => {
  const found = ["11.8", "13.1", "12.9", "14.0", "12.10"].map((version) => {
    const [major = 0, minor = 0] = version.split(".").map(Number);
    return { path: version, major, minor };
  });
  const order = (driver: number) => inOrder(found, driver).map(({ path }) => path);

  it("the newest that the driver is made for comes first, newer ones last", () => {
    expect(order(12)).toEqual(["12.10", "12.9", "11.8", "13.1", "14.0"]);
    expect(order(13)).toEqual(["13.1", "12.10", "12.9", "11.8", "14.0"]);
    expect(order(10)).toEqual(["11.8", "12.9", "12.10", "13.1", "14.0"]);
  });

  it.each([
    ["libnvrtc.so.12.4.127", { major: 12, minor: 4 }],
    ["libnvrtc.so.13", { major: 13, minor: 0 }],
    ["libnvrtc.so", undefined],
    ["libnvrtc-builtins.so.12.4", undefined],
    ["libnvrtc.alt.so.12", undefined],
    ["nvrtc64_112_0.dll", { major: 11, minor: 2 }],
    ["nvrtc64_120_0.alt.dll", undefined],
  ])("%s tells its version", (file, version) => {
    expect(versionOf("nvrtc", file)).toEqual(version);
  });
});
