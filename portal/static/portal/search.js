// Filter the list as one types: the same words in the same places as portal/pages/listing.py.
const form = document.getElementById("search");
const input = document.getElementById("q");
const nothing = document.getElementById("nothing");
const list = document.getElementById("accounts");
// A page that came with a search holds only what it found.
let whole = !input.value.trim();

async function loadEverything() {
    const response = await fetch(form.action.split("?")[0]);
    if (response.redirected || !response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const everything = page.getElementById("accounts");
    if (everything) list.replaceChildren(...everything.children);
    whole = true;
}

function show(words) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    let any = false;
    for (const section of list.querySelectorAll("section")) {
        let inSection = false;
        for (const account of section.querySelectorAll(".account")) {
            const read = [...account.querySelectorAll(".name, .where > .mono")].map((e) => e.textContent);
            const text = [...read, account.dataset.find].join("\n").toLowerCase();
            let inAccount = false;
            for (const role of account.querySelectorAll(".role")) {
                const name = role.querySelector(".role-name").firstChild.data.trim().toLowerCase();
                role.hidden = !wanted.every((word) => text.includes(word) || name.includes(word));
                inAccount ||= !role.hidden;
            }
            account.hidden = !inAccount;
            inSection ||= inAccount;
        }
        section.hidden = !inSection;
        any ||= inSection;
    }
    nothing.hidden = any;
}

async function search() {
    if (!whole) await loadEverything();
    if (whole) show(input.value);
    const words = input.value.trim();
    history.replaceState(null, "", words ? `?${new URLSearchParams({ q: words })}` : location.pathname);
}

input.addEventListener("input", search);
form.addEventListener("submit", (event) => { if (whole) { event.preventDefault(); search(); } });
document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        input.focus();
        input.select();
    } else if (event.key === "Escape" && event.target === input && input.value) {
        input.value = "";
        search();
    }
});
