// Fill a text and a name in from a chosen file, so that it need not be pasted. Nothing is sent.
"use strict";

for (const row of document.querySelectorAll("[data-fill]")) {
    row.hidden = false;
    row.querySelector("input").addEventListener("change", async (event) => {
        const [file] = event.target.files;
        if (file) {
            document.getElementById(row.dataset.fill).value = await file.text();
            document.getElementById(row.dataset.name).value = file.name;
        }
    });
}
