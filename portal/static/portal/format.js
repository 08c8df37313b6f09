// Open the format that was chosen last for this role, else for any. What is stored in the
// browser are names of formats and of the roles they were chosen for: a format fits a computer, not a person.
const lastFormat = {
    of(role) {
        try { return localStorage.getItem(`format ${role}`) ?? localStorage.getItem("format"); } catch { return null; }
    },
    keep(role, tab) {
        try {
            localStorage.setItem("format", tab);
            localStorage.setItem(`format ${role}`, tab);
        } catch { /* The browser may forbid storage. */ }
    },
    // Check the tab in a page with keys, which may have been fetched.
    choose(page) {
        const role = page.querySelector(".issued[data-role]")?.dataset.role;
        const tab = lastFormat.of(role);
        for (const input of page.querySelectorAll("input[name=format]")) if (input.id === tab) input.checked = true;
        return role;
    },
};

{
    const role = lastFormat.choose(document);
    for (const tab of document.querySelectorAll("input[name=format]")) {
        tab.addEventListener("change", () => lastFormat.keep(role, tab.id));
    }
}
