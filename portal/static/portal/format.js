// Open the format that was chosen last. Its name is all that is stored in the browser.
const key = "format";

function lastFormat() {
    try { return localStorage.getItem(key); } catch { return null; }
}

for (const tab of document.querySelectorAll("input[name=format]")) {
    if (tab.id === lastFormat()) tab.checked = true;
    tab.addEventListener("change", () => {
        try { localStorage.setItem(key, tab.id); } catch { /* The browser may forbid storage. */ }
    });
}
