import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readText } from "./read.ts";

export const vendors = { nvidia: "0x10de", amd: "0x1002", intel: "0x8086" } as const;

const displayController = "0x03";

/** PCI vendor ids of the graphics devices on the bus; empty where the system does not tell. */
export async function pciGraphicsVendors(root: string): Promise<readonly string[]> {
  const folder = join(root, "bus", "pci", "devices");
  const addresses = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    addresses.map(async (address) => {
      const kind = await readText(join(folder, address, "class"));
      if (!kind?.startsWith(displayController)) return [];
      const vendor = await readText(join(folder, address, "vendor"));
      return vendor === undefined ? [] : [vendor];
    }),
  );
  return found.flat();
}
