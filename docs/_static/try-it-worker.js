// Runs Python, and the wheel of the version that the site is about, beside the page.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const here = new URL(".", import.meta.url);

async function read(name) {
  const response = await fetch(new URL(name, here));
  if (!response.ok) {
    throw new Error(`${name}: ${response.status}`);
  }
  return response;
}

async function start() {
  const [python, names, program] = await Promise.all([
    loadPyodide({ indexURL: new URL("pyodide/", here).href }),
    read("wheels/list.json").then((response) => response.json()),
    read("try_it.py").then((response) => response.text()),
  ]);
  const wheels = await Promise.all(names.map((name) => read(`wheels/${name}`)));
  for (const wheel of wheels) {
    python.unpackArchive(await wheel.arrayBuffer(), "zip", { extractDir: "/wheels" });
  }
  python.FS.writeFile("/wheels/try_it.py", program);
  python.runPython(`
import sys
sys.path.insert(0, "/wheels")
import try_it
try_it.use_package_without_flask("/wheels")
`);
  return python.globals.get("try_it").answer;
}

const ready = start();

self.addEventListener("message", async ({ data }) => {
  try {
    const answer = await ready;
    const text = answer(data.policy, data.data, data.question);
    self.postMessage({ number: data.number, answer: JSON.parse(text) });
  } catch (error) {
    self.postMessage({ number: data.number, failure: String(error) });
  }
});
