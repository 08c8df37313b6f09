// Name the parts of the admin's autocomplete and tables that have no name for screen readers.
"use strict";

function nameAutocomplete(box) {
    const select = box.closest(".select2-container")?.previousElementSibling;
    const value = box.querySelector(".select2-selection__rendered");
    if (!(select instanceof HTMLSelectElement) || !value) return;
    box.id = `${value.id}-box`;
    box.setAttribute("aria-label", select.getAttribute("aria-label") || select.labels[0]?.textContent.replace(/:$/, "") || select.name);
    // Read the field's name (this element's own label) first, then the chosen value.
    box.setAttribute("aria-labelledby", `${box.id} ${value.id}`);
    value.removeAttribute("role");
    value.removeAttribute("aria-readonly");
}

function nameAll() {
    document.querySelectorAll(".select2-selection:not([aria-label])").forEach(nameAutocomplete);
    document.querySelectorAll(".select2-search__field:not([aria-label])").forEach((field) => field.setAttribute("aria-label", "Search"));
    document.querySelectorAll("th.original:empty").forEach((head) => {
        const text = document.createElement("span");
        text.className = "visually-hidden";
        text.textContent = "Row";
        head.append(text);
    });
}

new MutationObserver(nameAll).observe(document.documentElement, { childList: true, subtree: true });
nameAll();
