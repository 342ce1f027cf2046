import type { BackendValues, KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";
import type { TensorFlowLibrary } from "./library.ts";

/** What training needs and the WASM backend lacks: without these no convolution and no embedding learns on it. */
const kernels = [
  "Conv2DBackpropFilter",
  "DepthwiseConv2dNativeBackpropFilter",
  "DepthwiseConv2dNativeBackpropInput",
  "Einsum",
  "UnsortedSegmentSum",
] as const;

interface SyncBackend extends KernelBackend {
  readSync(dataId: object): BackendValues;
  write(values: BackendValues, shape: number[], dtype: TensorInfo["dtype"]): object;
  /** The CPU backend recommends another package when it is first used. */
  firstUse?: boolean;
}

/** Gives the WASM backend the kernels of TensorFlow.js's CPU backend, which must be loaded, that it has none of its own for. */
export function fillGaps(tf: TensorFlowLibrary): void {
  for (const kernelName of kernels) {
    const kernel = tf.getKernel(kernelName, "cpu");
    if (kernel === undefined || tf.getKernel(kernelName, "wasm") !== undefined) continue;
    tf.registerKernel({
      kernelName,
      backendName: "wasm",
      kernelFunc: ({ inputs, attrs, backend }) => {
        const wasm = backend as SyncBackend;
        const cpu = tf.engine().findBackend("cpu") as SyncBackend;
        cpu.firstUse = false;
        const move = (info: TensorInfo, from: SyncBackend, to: SyncBackend): TensorInfo => {
          const { shape, dtype, dataId } = info;
          return { shape, dtype, dataId: to.write(from.readSync(dataId), shape, dtype) };
        };
        const moved: Record<string, TensorInfo> = {};
        for (const [name, info] of Object.entries(inputs))
          if (info !== undefined) moved[name] = move(info, wasm, cpu);
        const result = kernel.kernelFunc({
          inputs: Array.isArray(inputs) ? (Object.values(moved) as unknown as typeof moved) : moved,
          backend: cpu,
          ...(attrs === undefined ? {} : { attrs }),
        });
        const infos = [result].flat();
        const outputs = infos.map((info) => move(info, cpu, wasm));
        const used = new Set([...Object.values(moved), ...infos].map(({ dataId }) => dataId));
        for (const dataId of used) cpu.disposeData(dataId, true);
        return Array.isArray(result) ? outputs : (outputs[0] as TensorInfo);
      },
    });
  }
}
