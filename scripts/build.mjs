import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const list = (folder) => readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });

const compiled = spawnSync(process.execPath, [tsc, "-b", root], { stdio: "inherit" });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

for (const name of list("src").filter((name) => name.endsWith(".wgsl"))) {
  mkdirSync(dirname(join(root, "dist", name)), { recursive: true });
  copyFileSync(join(root, "src", name), join(root, "dist", name));
}

for (const name of list("dist").filter((name) => /\.(js|d\.ts|wgsl)(\.map)?$/.test(name))) {
  const source = name.endsWith(".wgsl") ? name : name.replace(/\.(js|d\.ts)(\.map)?$/, ".ts");
  if (!existsSync(join(root, "src", source))) rmSync(join(root, "dist", name), { force: true });
}
