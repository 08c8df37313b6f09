// The start page's search, as one types; the arrows walk through what is found (words.js). Where there
// are too many accounts for one page, the server is asked.
{
    const form = document.getElementById("search");
    const input = document.getElementById("q");
    const nothing = document.getElementById("nothing");
    const said = document.getElementById("said");
    const searchedHere = !("searchedHere" in form.dataset);
    const PAUSE = 150;
    // A page that came with a search holds only what it found.
    let whole = !input.defaultValue;
    let entries;

    // What can be found: each tile and each account, once, with what is read and what is not.
    function look() {
        listing.finish();
        entries = [...document.querySelectorAll(".tile, .account")].map(finding.entry);
    }

    function show(wanted) {
        const found = finding.show(entries, wanted);
        for (const section of document.querySelectorAll("#accounts section, #tiles section")) {
            section.hidden = !section.querySelector("li:not([hidden])");
            const unit = section.closest("#accounts") && section.querySelector("h2");
            if (unit && !section.hidden) finding.mark(unit, wanted);
        }
        // A tile is a role of the list once more.
        const count = found.filter((role) => role.closest(".account")).length;
        nothing.hidden = count > 0;
        said.textContent = finding.said(wanted, count);
    }

    function take(page) {
        for (const id of ["tiles", "nothing", "said", "accounts", "pager"]) {
            const [here, there] = [document.getElementById(id), page.getElementById(id)];
            if (here && there) {
                here.replaceChildren(...there.childNodes);
                here.hidden = there.hidden;
            } else if (here) here.hidden = true;
        }
        listing.finish();
    }

    async function askServer() {
        const page = await finding.page(form.action + (input.value.trim() ? `?${query()}` : ""), "accounts");
        if (page) take(page);
    }

    async function search() {
        if (!searchedHere) return askServer();
        if (!whole) {
            const page = await finding.page(`${form.action}?all`, "accounts");
            if (!page) return;
            take(page);
            whole = true;
        }
        if (!entries) look();
        show(words.in(input.value));
    }

    function query() {
        return new URLSearchParams({ q: input.value.trim() });
    }

    function remember() {
        history.replaceState(null, "", input.value.trim() ? `?${query()}` : location.pathname);
    }

    let pause;
    input.addEventListener("input", () => {
        clearTimeout(pause);
        pause = setTimeout(() => {
            pause = undefined;
            search();
        }, searchedHere ? 0 : PAUSE);
        remember();
    });
    // The first of what is found gets the focus and nothing happens yet: Enter once more opens it.
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        goToFirst();
    });
    async function goToFirst() {
        clearTimeout(pause);
        pause = undefined;
        await search();
        results()[0]?.focus();
    }
    document.addEventListener("tiles", () => {
        entries = undefined;
        if (searchedHere && words.in(input.value).length) search();
    });

    // What the arrows walk through: of each role that is found, its first button.
    function results() {
        return [...document.querySelectorAll(".tile, .role")]
            .filter((one) => !one.closest("[hidden]"))
            .map((one) => one.querySelector(".button"))
            .filter(Boolean);
    }

    function walk(event) {
        const row = event.target.closest(".tile, .role");
        if (event.target !== input && !row) return false;
        if (event.key === "Escape") {
            input.value = event.target === input ? "" : input.value;
            remember();
            input.focus();
            return search() && true;
        }
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (!step) return false;
        if (event.target === input) {
            if (step < 0) return false;
            // Whoever types faster than the search means what they typed.
            if (pause !== undefined) return goToFirst() && true;
        }
        const all = results();
        const here = row ? all.indexOf(row.querySelector(".button")) : -1;
        const next = here + step < 0 ? input : all[here + step];
        next?.focus();
        return true;
    }

    // Shown unless somebody turned the key off in their preferences.
    const slash = form.querySelector("kbd");
    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const typing = event.target.closest("input, textarea, select, [contenteditable]");
        if (event.key === "/" && slash && !typing) {
            event.preventDefault();
            input.focus();
            input.select();
        } else if (walk(event)) event.preventDefault();
    });
}
