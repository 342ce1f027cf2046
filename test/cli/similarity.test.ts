import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { closest, findPackages, readSections, type Section, tfIdf } from "#src/cli/similarity.js";

const words = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu";

async function packages(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "aikoryu-tour-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, "node_modules", name, ".."), { recursive: true });
    await writeFile(join(folder, "node_modules", name), text);
  }
  return folder;
}

function section(packageName: string, text: string): Section {
  return { packageName, file: `${packageName}/README.md`, heading: "", text };
}

describe("sections", () => {
  it("come from Markdown by heading, without licences, repeats and links", async () => {
    const folder = await packages({
      "one/README.md": `# [One](https://example.org) \`code\`\n\n${words}\n\n## Usage\n\n${words} used\n\n## License\n\n${words} free`,
      "one/index.js": words,
      "@scope/two/README.md": `# Two\n\n${words} two`,
      "@scope/three/README.md": `# Two\n\n${words} two`,
      "four/LICENSE.md": `${words} four`,
      "five/README.md": "# Short\n\nfew words",
    });
    await symlink(folder, join(folder, "node_modules", "loop"));
    const sections = await readSections(join(folder, "node_modules"));
    expect(sections.map(({ packageName, heading }) => `${packageName} ${heading}`)).toEqual([
      "@scope/three Two",
      "one One code",
      "one Usage",
    ]);
  });

  it("are looked for at or above a folder", async () => {
    const folder = await packages({ "one/deep/README.md": words });
    const expected = join(folder, "node_modules");
    expect(await findPackages(join(folder, "node_modules", "one", "deep"))).toBe(expected);
    expect(await findPackages(folder)).toBe(expected);
  });
});

describe("TF-IDF", () => {
  it("gives unit rows, with weights as the formula says", () => {
    const documents = [
      section("a", "red red fish"),
      section("b", "red fish"),
      ...Array.from({ length: 18 }, (_, at) => section(`filler${at}`, `unique${at}`)),
    ];
    const { data } = tfIdf(documents, 4);
    const idf = Math.log(21 / 3) + 1;
    const red = (1 + Math.log(2)) * idf;
    const length = Math.hypot(red, idf);
    const expected = [idf / length, red / length, 0, 0, Math.SQRT1_2, Math.SQRT1_2, 0, 0];
    expected.forEach((value, at) => {
      expect(data[at]).toBeCloseTo(value, 6);
    });
    expect(data.subarray(8).every((value) => value === 0)).toBe(true);
  });
});

describe("the closest pairs", () => {
  it("leave out copies, the same package, and packages shown already", () => {
    const sections = ["a", "a", "b", "c", "d"].map((name) => section(name, name));
    const cosines = new Float32Array(25);
    const set = (a: number, b: number, cosine: number) => {
      cosines[a * 5 + b] = cosine;
    };
    set(0, 1, 0.9);
    set(0, 2, 0.8);
    set(1, 3, 0.7);
    set(2, 3, 0.99);
    set(3, 4, 0.6);
    const pairs = closest(sections, cosines, 5).map(({ a, b }) => `${a.packageName}${b.packageName}`);
    expect(pairs).toEqual(["ab", "cd"]);
  });
});
