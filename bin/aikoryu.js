#!/usr/bin/env node
import { existsSync } from "node:fs";

const program = new URL("../dist/cli/main.js", import.meta.url);

if (existsSync(program)) await import(program.href);
else {
  process.stderr.write("error: aikoryu is not built yet\nhint: Run npm start once in its folder.\n");
  process.exitCode = 1;
}
