// What the pages do besides being pages: filters, and keys. Everything works without it.
"use strict";

function filterRows(input) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of document.querySelectorAll(`#${input.dataset.filter} tbody tr`)) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
}

function isTyping(target) {
  return target.closest("input, select, textarea, [contenteditable]") !== null;
}

let isGoing = false;

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && isTyping(event.target)) {
    event.target.blur();
    return;
  }
  if (isTyping(event.target)) return;
  if (isGoing) {
    isGoing = false;
    const link = document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
    if (link !== null) link.click();
    return;
  }
  if (event.key === "g") {
    isGoing = true;
  } else if (event.key === "/") {
    const first = document.querySelector("[data-first]");
    if (first === null) return;
    event.preventDefault();
    first.focus();
    if (first.select) first.select();
  }
}

for (const input of document.querySelectorAll("[data-filter]")) {
  input.addEventListener("input", () => filterRows(input));
}
for (const select of document.querySelectorAll("select[data-send]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
for (const form of document.querySelectorAll("form[data-wait]")) {
  form.addEventListener("submit", () => form.setAttribute("aria-busy", "true"));
}
document.addEventListener("keydown", onKey);
