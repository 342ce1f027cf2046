import { type Koffi, loadFfi, loadLibrary } from "../../core/ffi.ts";

const VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO = 1;
const VK_PHYSICAL_DEVICE_TYPE_CPU = 4;
const createInfoBytes = 64;
const propertiesBytes = 1024;
const deviceTypeWord = 4;

let loading: Promise<boolean> | undefined;

/**
 * Loads the Vulkan drivers on another thread and keeps them, because Dawn loads them on this one: with Mesa's drivers
 * its first `requestAdapter` blocked JavaScript for 30-90 ms, and for 6 ms after this. Resolves with false where every
 * driver is known to compute in software.
 */
export function loadVulkanDrivers(): Promise<boolean> {
  if (process.platform !== "linux") return Promise.resolve(true);
  loading ??= loadFfi().then(hasHardware, () => true);
  return loading;
}

async function hasHardware(koffi: Koffi): Promise<boolean> {
  const library = await loadLibrary(koffi, "libvulkan.so.1").catch(() => undefined);
  if (library === undefined) return true;
  const create = library.func("vkCreateInstance", "int32", ["void *", "void *", "void *"]);
  const enumerate = library.func("vkEnumeratePhysicalDevices", "int32", ["uint64", "void *", "void *"]);
  const describe = library.func("vkGetPhysicalDeviceProperties", "void", ["uint64", "void *"]);
  const info = new Uint32Array(new ArrayBuffer(createInfoBytes));
  info[0] = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
  const instance = new BigUint64Array(new ArrayBuffer(8));
  const count = new Uint32Array(new ArrayBuffer(8));
  await new Promise((resolve) => create.async(info, null, instance, resolve));
  if (instance[0] === 0n) return true;
  await new Promise((resolve) => enumerate.async(instance[0], count, null, resolve));
  const devices = new BigUint64Array(new ArrayBuffer(8 * (count[0] ?? 0)));
  if (devices.length === 0) return false;
  await new Promise((resolve) => enumerate.async(instance[0], count, devices, resolve));
  return devices.subarray(0, count[0]).some((device) => {
    const properties = new Uint32Array(new ArrayBuffer(propertiesBytes));
    describe(device, properties);
    return properties[deviceTypeWord] !== VK_PHYSICAL_DEVICE_TYPE_CPU;
  });
}
