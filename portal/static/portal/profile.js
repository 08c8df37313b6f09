// Rename a profile before it is copied; portal/pages/formats.py makes the same of a name.
for (const input of document.querySelectorAll("input[data-rename]")) {
    const panel = input.closest(".panel");
    const usual = input.value;
    input.closest("label").hidden = false;
    input.addEventListener("input", () => {
        const name = input.value.replace(/[^A-Za-z0-9_.@+=,:/-]+/g, "-").replace(/^-+|-+$/g, "") || usual;
        for (const text of panel.querySelectorAll(".profile-name")) text.textContent = name;
        for (const other of panel.querySelectorAll("input[data-rename]")) if (other !== input) other.value = input.value;
    });
}
