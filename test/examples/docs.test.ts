import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const guides = [
  "README.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];
const scratch = join(root, ".cache", "docs");

/** The blocks of a guide that are whole programs: those that begin with an import and go on to call something. */
function programs(guide: string): string[] {
  const blocks = readFileSync(join(root, guide), "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm);
  return [...blocks].map(([, code]) => code ?? "").filter((code) => code.startsWith("import"));
}

const all = guides.flatMap((guide) => programs(guide).map((code, at) => ({ guide, code, at })));

describe("the programs in the guides", () => {
  it("are found", () => {
    expect(all.map(({ guide }) => guide)).toEqual(expect.arrayContaining(["README.md", "docs/matrix.md"]));
  });

  it.each(all)("run: $guide", async ({ guide, code, at }) => {
    mkdirSync(scratch, { recursive: true });
    const file = join(scratch, `${guide.replaceAll(/\W/g, "-")}-${at}.ts`);
    writeFileSync(file, code);
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      await import(file);
    } finally {
      log.mockRestore();
    }
  });
});

describe("links in the guides", () => {
  it.each([...guides, "ARCHITECTURE.md", "CONTRIBUTING.md"])("%s point at files that exist", (guide) => {
    const text = readFileSync(join(root, guide), "utf8");
    const folder = join(root, guide, "..");
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target]) => target ?? "");
    for (const target of targets) expect(() => readdirOrRead(join(folder, target)), target).not.toThrow();
  });
});

function readdirOrRead(path: string): void {
  try {
    readFileSync(path);
  } catch {
    readdirSync(path);
  }
}
