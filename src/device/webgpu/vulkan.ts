import { type Koffi, loadFfi, loadLibrary } from "../../core/ffi.ts";

const VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO = 1;
const createInfoBytes = 64;

let loading: Promise<void> | undefined;

/**
 * Loads the Vulkan drivers on another thread and keeps them, because Dawn loads them on this one: with Mesa's drivers
 * its first `requestAdapter` blocked JavaScript for 30-90 ms, and for 8 ms after this. Dawn then finds what it finds.
 */
export function loadVulkanDrivers(): Promise<void> {
  if (process.platform !== "linux") return Promise.resolve();
  loading ??= loadFfi().then(createInstance, () => {});
  return loading;
}

async function createInstance(koffi: Koffi): Promise<void> {
  const library = await loadLibrary(koffi, "libvulkan.so.1").catch(() => undefined);
  if (library === undefined) return;
  const create = library.func("vkCreateInstance", "int32", ["void *", "void *", "void *"]);
  const enumerate = library.func("vkEnumeratePhysicalDevices", "int32", ["uint64", "void *", "void *"]);
  const info = new Uint32Array(new ArrayBuffer(createInfoBytes));
  info[0] = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
  const instance = new BigUint64Array(new ArrayBuffer(8));
  const count = new Uint32Array(new ArrayBuffer(8));
  await new Promise((resolve) => create.async(info, null, instance, resolve));
  if (instance[0] === 0n) return;
  await new Promise((resolve) => enumerate.async(instance[0], count, null, resolve));
}
