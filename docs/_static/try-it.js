// "Try it": examples lead to the playground, and the playground answers.
// A page is whole without this: its examples show what they answer.

const root = new URL("../", import.meta.url);
const playground = new URL("playground.html", root);
const worlds = ["world.py", "notes.py"];

function encode(state) {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decode(text) {
  try {
    const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const state = JSON.parse(
      new TextDecoder().decode(Uint8Array.from(bytes, (each) => each.charCodeAt(0))),
    );
    return typeof state === "object" && state !== null ? state : {};
  } catch {
    return {};
  }
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// -- examples of a page ----------------------------------------------------------------------

function examples() {
  let policy = "";
  const found = [];
  for (const block of document.querySelectorAll(".highlight-polar, .highlight-console")) {
    const text = block.querySelector("pre").textContent;
    if (block.classList.contains("highlight-polar")) {
      policy = text;
    } else if (text.startsWith("query> ")) {
      const question = text.slice("query> ".length).split("\n", 1)[0];
      found.push({ block, policy, question });
    }
  }
  return found;
}

// Below a policy that stands alone: <!-- try: QUESTION -->, with the data of the tutorial.
function notes() {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_COMMENT);
  while (walker.nextNode()) {
    const [, question] = /^ try: (.*) $/.exec(walker.currentNode.data) ?? [];
    const block = walker.currentNode.previousElementSibling;
    if (question && block) {
      const policy = block.querySelector("pre").textContent;
      found.push({ block, policy, question, world: "notes.py" });
    }
  }
  return found;
}

function addLinks() {
  for (const { block, ...state } of [...examples(), ...notes()]) {
    const link = make("a", { className: "try-it", textContent: "Try it" });
    link.href = `${playground.href}#${encode(state)}`;
    block.after(make("p", {}, link));
  }
}

// -- the playground --------------------------------------------------------------------------

class Engine {
  constructor() {
    this.waiting = new Map();
    this.worker = new Worker(new URL("try-it-worker.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => {
      this.waiting.get(data.number)(data);
      this.waiting.delete(data.number);
    });
    this.worker.addEventListener("error", () => {
      const failure = "Python cannot be loaded. This copy of the site may have been built without it.";
      this.waiting.forEach((tell) => tell({ failure }));
      this.waiting.clear();
    });
  }

  ask(question) {
    const number = (this.asked = (this.asked ?? 0) + 1);
    return new Promise((resolve) => {
      this.waiting.set(number, resolve);
      this.worker.postMessage({ ...question, number });
    });
  }
}

function editor(name, label, rows) {
  const area = make("textarea", { id: `try-${name}`, name, rows, spellcheck: false });
  area.autocapitalize = "off";
  return [make("label", { htmlFor: area.id, textContent: label }), area];
}

function makeAdd(place) {
  return (name, text) => {
    if (text) {
      place.append(make("h3", { textContent: name }), make("pre", { textContent: text }));
    }
  };
}

async function showRows(output, asked) {
  const place = make("div");
  place.append(make("p", { textContent: "The condition on rows is being made." }));
  output.append(place);
  const { answer, failure } = await asked;
  place.replaceChildren();
  const add = makeAdd(place);
  add("Not answered", failure);
  add("No list", answer?.refused);
  add("Condition on rows", answer?.condition);
  add("The same as SQL, on SQLite", answer?.sql);
  if (answer?.tables) {
    place.append(make(
      "details", {}, make("summary", { textContent: "The tables, made of the classes" }),
      make("pre", { textContent: answer.tables }),
    ));
  }
}

function show(output, { answer, failure }) {
  output.replaceChildren();
  const add = makeAdd(output);
  if (failure) {
    add("Not answered", failure);
    return;
  }
  add("Error", answer.error);
  add("Answer", answer.results?.join("\n"));
  add("Printed", answer.said);
  if (answer.proof) {
    // Made by the package, which escapes all texts; it has no scripts and no styles.
    const proof = new DOMParser().parseFromString(answer.proof, "text/html");
    output.append(make("h3", { textContent: "Why" }), ...proof.body.children);
  }
}

async function makePlayground(place) {
  const engine = new Engine();
  const [example] = examples();
  const given = decode(location.hash.slice(1));
  const form = make("form", { className: "playground" });
  const output = make("div", { className: "playground-answer" });
  output.setAttribute("aria-live", "polite");
  const button = make("button", { type: "submit", textContent: "Ask" });
  const link = make("a", { textContent: "Link to this", className: "try-it" });
  form.append(
    make("div", {}, ...editor("policy", "Policy", 22)),
    make(
      "div", {}, ...editor("data", "Data, in Python", 14), ...editor("question", "Question", 2),
      make("p", {}, button, " ", link),
    ),
    output,
  );
  const { policy, data, question } = form.elements;
  policy.value = given.policy ?? example.policy;
  question.value = given.question ?? example.question;
  const world = worlds.includes(given.world) ? given.world : worlds[0];
  data.value = given.data ?? (await (await fetch(new URL(world, import.meta.url))).text());
  const usual = data.value;
  const state = () => ({
    policy: policy.value,
    question: question.value,
    ...(data.value === usual && given.data === undefined ? { world } : { data: data.value }),
  });
  const ask = async () => {
    link.href = `#${encode(state())}`;
    output.setAttribute("aria-busy", "true");
    button.disabled = true;
    const asked = { data: data.value, ...state() };
    const { answer, failure } = await engine.ask({ kind: "answer", ...asked });
    show(output, { answer, failure });
    if (answer?.rows) {
      await showRows(output, engine.ask({ kind: "sql", ...asked }));
    }
    button.disabled = false;
    output.removeAttribute("aria-busy");
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  window.addEventListener("hashchange", () => location.reload());
  place.replaceWith(form);
  if (given.data !== undefined) {
    // A link that brings a program: whoever follows it decides whether to run it.
    output.append(make("p", { textContent: "The link brought its own data. Ask runs it." }));
    return;
  }
  output.append(make("p", { textContent: "Python is being loaded." }));
  await ask();
}

const place = document.getElementById("playground-place");
if (place) {
  makePlayground(place);
} else {
  addLinks();
}
