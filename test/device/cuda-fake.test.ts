import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Built, buildFakeCuda, controlOf } from "../support/cuda/index.ts";
import { Raw } from "../support/cuda/raw.ts";

const INVALID_VALUE = 1;
const INVALID_CONTEXT = 201;
const INVALID_HANDLE = 400;
const ILLEGAL_ADDRESS = 700;
const LAUNCH_FAILED = 719;

const built = await buildFakeCuda();
const missing = typeof built === "string";

describe.skipIf(missing)(`the fake CUDA driver${missing ? `: ${built}` : ""}`, () => {
  const libraries = built as Built;
  const control = missing ? undefined : controlOf(libraries);
  const stats = () => control?.stats();
  let cu: Raw;
  let context: bigint;
  let stream: bigint;

  const upload = (words: ArrayLike<number>, extra = 0) => {
    const data = Uint32Array.from(words);
    const address = cu.made("cuMemAlloc_v2", data.byteLength + extra);
    cu.ok("cuMemcpyHtoDAsync_v2", address, data, data.byteLength, stream);
    return address;
  };

  beforeEach(() => {
    cu = new Raw(libraries);
    control?.clear();
    cu.ok("cuInit", 0);
    context = cu.made("cuCtxCreate_v2", 0, 0);
    stream = cu.made("cuStreamCreate", 1);
  });

  afterEach(() => {
    cu.call("cuCtxDestroy_v2", context);
    expect(stats()).toMatchObject({
      contexts: 0,
      streams: 0,
      events: 0,
      modules: 0,
      allocations: 0,
      pinned: 0,
    });
  });

  it("runs kernels over blocks and threads", () => {
    const kernel = cu.kernel(
      `extern "C" __global__ void __launch_bounds__(64) k(const unsigned* __restrict__ a, unsigned* b, unsigned n) {
        unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
        if (i < n) b[i] = a[i] * 2u + __popc(i);
      }`,
      "k",
    );
    const a = upload(Array.from({ length: 1000 }, (_, at) => at));
    const b = cu.made("cuMemAlloc_v2", 4096);
    expect(cu.launch(kernel, 16, 64, stream, a, b, 1000)).toBe(0);
    const result = cu.words(b, 1001, stream);
    expect(result[5]).toBe(12);
    expect(result[999]).toBe(1998 + 8);
    expect(result[1000]).toBe(0xcdcdcdcd);
    expect(cu.launch(kernel, 1, 65, stream, a, b, 1000)).toBe(INVALID_VALUE);
    expect(cu.launch(kernel, 0, 64, stream, a, b, 1000)).toBe(INVALID_VALUE);
  });

  it("runs barriers and warp operations", () => {
    const kernel = cu.kernel(
      `extern "C" __global__ void k(unsigned* out) {
        __shared__ unsigned tile[128];
        unsigned t = threadIdx.x;
        tile[t] = t + 1;
        __syncthreads();
        for (unsigned half = 64; half > 0; half /= 2) {
          if (t < half) tile[t] += tile[t + half];
          __syncthreads();
        }
        unsigned scan = t;
        for (int by = 1; by < 32; by *= 2) {
          unsigned below = __shfl_up_sync(0xffffffffu, scan, by);
          if ((t & 31) >= by) scan += below;
        }
        out[t] = tile[0];
        out[128 + t] = scan;
        out[256 + t] = __reduce_add_sync(0xffffffffu, t) + __ballot_sync(0xffffffffu, t & 1);
        if (t % 3 == 0) out[384 + t] = __activemask();
      }`,
      "k",
    );
    const out = cu.made("cuMemAlloc_v2", 2048);
    expect(cu.launch(kernel, 1, 128, stream, out)).toBe(0);
    const result = cu.words(out, 512, stream);
    expect(result[0]).toBe((128 * 129) / 2);
    expect(result[128 + 31]).toBe((31 * 32) / 2);
    expect(result[128 + 33]).toBe(32 + 33);
    expect(result[256]).toBe((((31 * 32) / 2 + 0xaaaaaaaa) & 0xffffffff) >>> 0);
    expect(result[384]).toBe(0x49249249);
  });

  const failing = [
    ["a barrier that some threads miss", "if (threadIdx.x < 3) __syncthreads();", LAUNCH_FAILED, "ended"],
    [
      "different barriers",
      "if (threadIdx.x < 3) __syncthreads(); else\n__syncthreads();",
      LAUNCH_FAILED,
      "different",
    ],
    ["memory out of bounds", "out[n] = 1;", ILLEGAL_ADDRESS, "illegal address"],
    ["division by zero", "out[0] = 7u / (n - 1000000u);", LAUNCH_FAILED, "division by zero"],
    ["lanes that do not come", "if (threadIdx.x) __shfl_sync(3u, 1, 0);", LAUNCH_FAILED, "lanes"],
  ] as const;

  it.each(failing)("reports %s, and the context is lost", (_, body, code, why) => {
    const kernel = cu.kernel(`extern "C" __global__ void k(unsigned* out, unsigned n) { ${body} }`, "k");
    const out = cu.made("cuMemAlloc_v2", 4096);
    expect(cu.launch(kernel, 1, 8, stream, out, 1_000_000)).toBe(0);
    expect(cu.call("cuStreamSynchronize", stream)).toBe(code);
    expect(stats()?.faults.join()).toContain(why);
    expect(cu.call("cuMemAlloc_v2", new BigUint64Array(1), 64)).toBe(code);
    expect(cu.launch(kernel, 1, 8, stream, out, 1)).toBe(code);
  });

  it("knows contexts by thread, and handles of the past", () => {
    const event = cu.made("cuEventCreate", 2);
    const memory = cu.made("cuMemAlloc_v2", 64);
    cu.ok("cuEventDestroy_v2", event);
    expect(cu.call("cuEventQuery", event)).toBe(INVALID_HANDLE);
    expect(cu.call("cuEventRecord", event, stream)).toBe(INVALID_HANDLE);
    expect(cu.call("cuMemsetD8Async", memory, 0, 65, stream)).toBe(INVALID_VALUE);
    cu.ok("cuMemFree_v2", memory);
    expect(cu.call("cuMemFree_v2", memory)).toBe(INVALID_VALUE);
    expect(cu.call("cuMemcpyDtoHAsync_v2", new Uint8Array(4), memory, 4, stream)).toBe(INVALID_VALUE);
    const second = cu.made("cuCtxCreate_v2", 0, 0);
    expect(cu.call("cuEventRecord", cu.made("cuEventCreate", 2), stream)).toBe(INVALID_HANDLE);
    cu.ok("cuCtxDestroy_v2", second);
    cu.ok("cuCtxSetCurrent", 0);
    while (cu.call("cuCtxPopCurrent_v2", new BigUint64Array(1)) === 0);
    expect(cu.call("cuMemAlloc_v2", new BigUint64Array(1), 64)).toBe(INVALID_CONTEXT);
    cu.ok("cuCtxSetCurrent", context);
  });

  it("finds streams that use memory in no certain order", () => {
    const other = cu.made("cuStreamCreate", 1);
    const event = cu.made("cuEventCreate", 2);
    const memory = cu.made("cuMemAlloc_v2", 64);
    cu.ok("cuMemsetD8Async", memory, 1, 64, stream);
    cu.ok("cuEventRecord", event, stream);
    cu.ok("cuStreamWaitEvent", other, event, 0);
    cu.ok("cuMemsetD8Async", memory, 2, 64, other);
    expect(stats()?.races).toEqual([]);
    cu.ok("cuMemsetD8Async", memory, 3, 16, stream);
    expect(stats()?.races).toHaveLength(1);
    cu.ok("cuStreamSynchronize", other);
    cu.ok("cuStreamSynchronize", stream);
    cu.ok("cuMemsetD8Async", memory, 4, 64, other);
    expect(stats()?.races).toHaveLength(1);
  });

  it("runs streams side by side, in the order that events give", () => {
    const other = cu.made("cuStreamCreate", 1);
    const event = cu.made("cuEventCreate", 2);
    const memory = cu.made("cuMemAlloc_v2", 4);
    const slow = cu.kernel(
      `extern "C" __global__ void k(volatile unsigned* out) {
        for (unsigned i = 0; i < 20000000u; i++) out[0] = i;
      }`,
      "k",
    );
    cu.launch(slow, 1, 1, stream, memory);
    cu.ok("cuEventRecord", event, stream);
    expect(cu.call("cuEventQuery", event)).toBe(600);
    cu.ok("cuStreamSynchronize", other);
    expect(cu.call("cuStreamQuery", stream)).toBe(600);
    cu.ok("cuStreamWaitEvent", other, event, 0);
    expect(cu.words(memory, 1, other)[0]).toBe(19_999_999);
    cu.ok("cuEventQuery", event);
  });

  it("records graphs and replays them", () => {
    const kernel = cu.kernel(
      `extern "C" __global__ void k(unsigned* out, unsigned by) { out[0] += by; }`,
      "k",
    );
    const memory = upload([0]);
    cu.ok("cuStreamBeginCapture_v2", stream, 1);
    cu.launch(kernel, 1, 1, stream, memory, 1);
    cu.launch(kernel, 1, 1, stream, memory, 10);
    expect(cu.call("cuStreamQuery", stream)).toBe(900);
    expect(cu.call("cuStreamEndCapture", stream, new BigUint64Array(1))).toBe(901);
    cu.ok("cuStreamBeginCapture_v2", stream, 1);
    cu.launch(kernel, 1, 1, stream, memory, 1);
    cu.launch(kernel, 1, 1, stream, memory, 10);
    const graph = new BigUint64Array(1);
    cu.ok("cuStreamEndCapture", stream, graph);
    const runs = cu.made("cuGraphInstantiateWithFlags", graph[0] ?? 0n, 0);
    cu.ok("cuGraphDestroy", graph[0] ?? 0n);
    for (let run = 0; run < 5; run++) cu.ok("cuGraphLaunch", runs, stream);
    expect(cu.words(memory, 1, stream)[0]).toBe(55);
    cu.ok("cuGraphExecDestroy", runs);
    expect(stats()).toMatchObject({ graphs: 0, executables: 0, graphLaunches: 5, launches: 4 });
  });

  it("refuses what a toolkit newer than the driver made", () => {
    const text = `extern "C" __global__ void k() {}`;
    const ptx = cu.compile(text, ["--gpu-architecture=compute_90"]);
    const cubin = cu.compile(text);
    const other = cu.compile(text, ["--gpu-architecture=sm_80"]);
    const load = (image: Buffer | string) =>
      cu.call("cuModuleLoadDataEx", new BigUint64Array(1), image, 0, 0, 0);
    expect(load(ptx)).toBe(0);
    expect(load(other)).toBe(209);
    control?.configure({ driver: 12080 });
    expect(load(ptx)).toBe(222);
    expect(load(cubin)).toBe(200);
    control?.configure({ driver: 13000 });
    (cubin as Buffer)[200] = 7;
    expect(load(cubin)).toBe(200);
    expect(cu.compile('extern "C" __global__ void k() { foo(); }')).toContain("test.cu:1:");
    expect(cu.compile(text, ["--gpu-architecture=sm_91"])).toContain("sm_91");
  });

  it("fails where it is told to", () => {
    control?.fail("cuMemAlloc_v2", 2, 2);
    cu.made("cuMemAlloc_v2", 64);
    expect(cu.call("cuMemAlloc_v2", new BigUint64Array(1), 64)).toBe(2);
    cu.made("cuMemAlloc_v2", 64);
    control?.fail("copy", ILLEGAL_ADDRESS);
    upload([1]);
    expect(cu.call("cuStreamSynchronize", stream)).toBe(ILLEGAL_ADDRESS);
  });
});
