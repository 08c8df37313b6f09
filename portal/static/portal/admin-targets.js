// In each row of a mapping's targets, show only the fields of its kind of target. Without this file all fields are shown.
"use strict";

const FIELDS = { all: [], account: ["account"], unit: ["unit"], environment: ["environment"], tag: ["tag_key", "tag_value"] };
const COLUMNS = Object.values(FIELDS).flat();

function showFields(row, kindChanged) {
    const kind = row.querySelector("select[name$='-kind']");
    if (!kind) return;
    const fields = FIELDS[kind.value] || [];
    for (const column of COLUMNS) {
        const cell = row.querySelector(`.field-${column}`);
        const field = cell.querySelector("input, select");
        if (kindChanged && !fields.includes(column) && field.value) {
            // Do not send the value of a field that is no longer shown.
            field.value = "";
            field.dispatchEvent(new Event("change", { bubbles: true }));
        }
        // A field with an error or a value stays visible.
        cell.hidden = !fields.includes(column) && !cell.querySelector(".errorlist") && !field.value;
    }
}

function showAll() {
    const group = document.getElementById("targets-group");
    // Without the right to change there are no choices, only a table.
    if (!group?.querySelector("select[name$='-kind']")) return;
    group.classList.add("by-kind");
    group.querySelectorAll("tr.form-row").forEach((row) => showFields(row, false));
}

document.addEventListener("change", (event) => {
    const row = event.target.closest("#targets-group tr.form-row");
    if (row && event.target.name.endsWith("-kind")) showFields(row, true);
});
document.addEventListener("formset:added", (event) => showFields(event.target, false));
document.addEventListener("DOMContentLoaded", showAll);
// After the page is parsed, browsers restore what was filled in before.
window.addEventListener("pageshow", showAll);
