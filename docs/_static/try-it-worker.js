// Runs Python, and the wheel of the version that the site is about, beside the page.
import { loadPyodide } from "./pyodide/pyodide.mjs";
import { addFiles, importProgram, unpack } from "./try-it-python.mjs";

const here = new URL(".", import.meta.url);
const indexURL = new URL("pyodide/", here).href;

async function fetchFile(name) {
  const response = await fetch(new URL(name, here));
  if (!response.ok) {
    throw new Error(`${name}: ${response.status}`);
  }
  return response;
}

async function read(name) {
  return (await fetchFile(name)).arrayBuffer();
}

// -- start -----------------------------------------------------------------------------------

// The memory of a Python that has imported the package: see docs/extensions/snapshot.mjs.
async function loadSnapshot(name) {
  const [response, { default: makeModule }] = await Promise.all([
    fetchFile(name), import("./pyodide/pyodide.asm.mjs"),
  ]);
  const plain = response.body.pipeThrough(new DecompressionStream("gzip"));
  const memory = new Response(plain).arrayBuffer().then((bytes) => new Uint8Array(bytes));
  return loadPyodide({
    indexURL,
    _loadSnapshot: memory,
    createPyodideModule: async (settings) => {
      const module = await makeModule(settings);
      module.growMemory((await memory).length);
      return module;
    },
  });
}

async function load(snapshot) {
  if (snapshot) {
    try {
      return await loadSnapshot(snapshot);
    } catch (error) {
      // A browser may be unlike the one that it was made for; what follows takes longer.
      console.info(`Python is loaded from its parts: ${error}`);
    }
  }
  return loadPyodide({ indexURL });
}

async function start() {
  const list = await (await fetchFile("wheels/list.json")).json();
  const python = await load(list.snapshot);
  await addFiles(python, read, list.first);
  const program = importProgram(python);
  let tables;
  // What makes SQL is as large as all the rest: it comes when it is asked for.
  const addTables = async () => {
    unpack(python, await Promise.all(list.tables.map((name) => read(`wheels/${name}`))));
    return python.pyimport("try_it_tables");
  };
  return {
    answer: ({ policy, data, question }) => program.answer(policy, data, question),
    sql: async ({ policy, data, question }) => {
      tables ??= addTables();
      return (await tables).answer(policy, data, question);
    },
  };
}

const ready = start();

self.addEventListener("message", async ({ data }) => {
  try {
    const { [data.kind]: answer } = await ready;
    self.postMessage({ number: data.number, answer: JSON.parse(await answer(data)) });
  } catch (error) {
    self.postMessage({ number: data.number, failure: String(error) });
  }
});
