// Rename a profile before it is copied. profile_name in portal/pages/key_formats.py cleans names the same way.
for (const input of document.querySelectorAll("input[data-rename]")) {
    const panel = input.closest(".panel");
    const defaultName = input.value;
    input.closest("label").hidden = false;
    input.addEventListener("input", () => {
        const name = input.value.replace(/[^A-Za-z0-9_.@+=,:/-]+/g, "-").replace(/^-+|-+$/g, "") || defaultName;
        for (const text of panel.querySelectorAll(".profile-name")) text.textContent = name;
        for (const other of panel.querySelectorAll("input[data-rename]")) if (other !== input) other.value = input.value;
    });
}
