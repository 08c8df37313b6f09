// Come back to the format chosen last. Its name is all that is kept in the browser.
const key = "format";

function remembered() {
    try { return localStorage.getItem(key); } catch { return null; }
}

for (const tab of document.querySelectorAll("input[name=format]")) {
    if (tab.id === remembered()) tab.checked = true;
    tab.addEventListener("change", () => {
        try { localStorage.setItem(key, tab.id); } catch { /* It may not keep anything. */ }
    });
}
