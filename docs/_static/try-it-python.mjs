// Python with the package of this site in it: for the worker of the page, and for the build, which
// keeps a copy of its memory so that a page need not load the package again.

const PROGRAMS = ["try_it.py", "try_it_rows.py", "try_it_tables.py"];

/** Unpack archives where Python looks for modules. */
export function unpack(python, archives) {
  for (const archive of archives) {
    python.unpackArchive(archive, "zip", { extractDir: "/wheels" });
  }
  python.runPython("import importlib; importlib.invalidate_caches()");
}

/** Put the package and the programs of the playground into Python's files. */
export async function addFiles(python, read, names) {
  const [programs, archives] = await Promise.all([
    Promise.all(PROGRAMS.map((name) => read(name))),
    Promise.all(names.map((name) => read(`wheels/${name}`))),
  ]);
  python.FS.mkdirTree("/wheels");
  PROGRAMS.forEach((name, at) => {
    python.FS.writeFile(`/wheels/${name}`, new Uint8Array(programs[at]));
  });
  unpack(python, archives);
}

/** Import what answers questions. */
export function importProgram(python) {
  python.runPython(`
import sys
if "/wheels" not in sys.path:
    sys.path.insert(0, "/wheels")
import try_it
try_it.use_package_without_flask("/wheels")
`);
  return python.pyimport("try_it");
}
