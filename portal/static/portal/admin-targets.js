// In each row of a mapping's targets, show only what its kind of target names. Without this, all columns show.
"use strict";

const NAMED = { all: [], account: ["account"], unit: ["unit"], environment: ["environment"], tag: ["tag_key", "tag_value"] };
const COLUMNS = Object.values(NAMED).flat();

function showWhatIsNamed(row, isChosenAnew) {
    const kind = row.querySelector("select[name$='-kind']");
    if (!kind) return;
    const named = NAMED[kind.value] || [];
    for (const column of COLUMNS) {
        const cell = row.querySelector(`.field-${column}`);
        const field = cell.querySelector("input, select");
        if (isChosenAnew && !named.includes(column) && field.value) {
            // Nobody sends what they do not see.
            field.value = "";
            field.dispatchEvent(new Event("change", { bubbles: true }));
        }
        // What is wrong stays in sight.
        cell.hidden = !named.includes(column) && !cell.querySelector(".errorlist") && !field.value;
    }
}

function showAll() {
    const group = document.getElementById("targets-group");
    // Whoever only looks has no choices, and a table to read.
    if (!group?.querySelector("select[name$='-kind']")) return;
    group.classList.add("by-kind");
    group.querySelectorAll("tr.form-row").forEach((row) => showWhatIsNamed(row, false));
}

document.addEventListener("change", (event) => {
    const row = event.target.closest("#targets-group tr.form-row");
    if (row && event.target.name.endsWith("-kind")) showWhatIsNamed(row, true);
});
document.addEventListener("formset:added", (event) => showWhatIsNamed(event.target, false));
document.addEventListener("DOMContentLoaded", showAll);
// Browsers put back what was filled in before, after the page is read.
window.addEventListener("pageshow", showAll);
