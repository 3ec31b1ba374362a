// node snapshot.mjs STATIC: keep the memory of a Python that has imported the package and has
// answered a question, in STATIC/pyodide/snapshot.dat. A page that begins with it need not compile
// the standard library and the package, which takes some seconds.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const folder = path.resolve(process.argv[2]);
const load = (name) => import(pathToFileURL(path.join(folder, name)).href);
const read = async (name) => new Uint8Array(await readFile(path.join(folder, name)));

const { loadPyodide } = await load("pyodide/pyodide.mjs");
const { addFiles, importProgram } = await load("try-it-python.mjs");
const { first } = JSON.parse(await readFile(path.join(folder, "wheels", "list.json"), "utf8"));

const python = await loadPyodide({ _makeSnapshot: true });
await addFiles(python, read, first);
const program = importProgram(python);
// What is imported by the way is a part of it, then.
const data = await readFile(path.join(folder, "world.py"), "utf8");
const policy = 'allow(user: User, "edit", note: Note) if user = note.author and not note.locked;';
for (const question of ['allow(ben, "edit", news)', 'allow(ben, "edit", Note)']) {
  const { error } = JSON.parse(program.answer(policy, data, question));
  if (error) {
    throw new Error(error);
  }
}
program.destroy();
python.runPython("import gc; gc.collect()");
const memory = python.makeMemorySnapshot();
await writeFile(path.join(folder, "pyodide", "snapshot.dat"), gzipSync(memory, { level: 9 }));
