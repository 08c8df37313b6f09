// The start page's search, as one types. The arrow keys walk through the results. With too many accounts
// for one page the server searches.
{
    const form = document.getElementById("search");
    const input = document.getElementById("q");
    const nothing = document.getElementById("nothing");
    const result = document.getElementById("result");
    const searchesHere = !("serverSearches" in form.dataset);
    const PAUSE = 150;
    const ROWS = ".tile, .line, .roles .role";
    // A page that came with a search holds only its result.
    let isComplete = !input.defaultValue;
    let entries;

    function readEntries() {
        accountList.finish();
        entries = [...document.querySelectorAll(".tile, .account")].map(matching.entry);
    }

    function show(wanted) {
        const found = matching.show(entries, wanted);
        for (const section of document.querySelectorAll("#accounts section, #tiles section")) {
            section.hidden = !section.querySelector("li:not([hidden])");
            const unit = section.closest("#accounts") && section.querySelector("h2");
            if (unit && !section.hidden) matching.mark(unit, wanted);
        }
        // Tiles are not counted: their roles are in the list too.
        const count = found.filter((role) => role.closest(".account")).length;
        nothing.hidden = count > 0;
        accountList.chooseShown();
        const units = document.getElementById("units");
        if (units) units.hidden = wanted.length > 0;
        result.textContent = matching.message(wanted, count);
    }

    function takeFrom(page) {
        for (const id of ["tiles", "nothing", "result", "accounts", "pager", "chips"]) {
            const [here, there] = [document.getElementById(id), page.getElementById(id)];
            if (here && there) {
                here.replaceChildren(...there.childNodes);
                here.hidden = there.hidden;
            } else if (here) here.hidden = true;
        }
        accountList.finish();
    }

    async function askServer() {
        const page = await matching.page(form.action + (`${query()}` && `?${query()}`), "accounts");
        if (page) takeFrom(page);
    }

    async function search() {
        if (!searchesHere) return askServer();
        if (!isComplete) {
            const page = await matching.page(`${form.action}?${query("")}&all`, "accounts");
            if (!page) return;
            takeFrom(page);
            isComplete = true;
        }
        if (!entries) readEntries();
        show(words.in(input.value));
    }

    // The search, with the chips that are chosen: hidden fields of the form.
    function query(text = input.value.trim()) {
        const fields = new URLSearchParams(new FormData(form));
        if (text) fields.set("q", text);
        else fields.delete("q");
        return fields;
    }

    // Keep the search in the address, so that it is still there after going back or reloading.
    function updateAddress() {
        history.replaceState(null, "", `${query()}` ? `?${query()}` : location.pathname);
    }

    let pause;
    input.addEventListener("input", () => {
        clearTimeout(pause);
        pause = setTimeout(() => {
            pause = undefined;
            search();
        }, searchesHere ? 0 : PAUSE);
        updateAddress();
    });
    // Enter moves the focus to the first result; Enter once more opens it.
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        focusFirst();
    });
    async function focusFirst() {
        clearTimeout(pause);
        pause = undefined;
        await search();
        results()[0]?.focus();
    }
    // star.js replaced the tiles.
    document.addEventListener("tiles", () => {
        entries = undefined;
        if (searchesHere && words.in(input.value).length) search();
    });

    // The first button of each role that is shown: the arrow keys walk through these.
    function results() {
        return [...document.querySelectorAll(ROWS)]
            .filter((one) => !one.closest("[hidden]"))
            .map((one) => one.querySelector(".button"))
            .filter(Boolean);
    }

    // Handle an arrow key or Escape; false if the key means something else here.
    function walk(event) {
        const row = event.target.closest(ROWS);
        if (event.target !== input && !row) return false;
        if (event.key === "Escape") {
            input.value = event.target === input ? "" : input.value;
            updateAddress();
            input.focus();
            return search() && true;
        }
        // There the arrows choose a role.
        if (event.target.type === "radio") return false;
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (!step) return false;
        if (event.target === input) {
            if (step < 0) return false;
            // The results do not show the last letters yet.
            if (pause !== undefined) return focusFirst() && true;
        }
        const all = results();
        const here = row ? all.indexOf(row.querySelector(".button")) : -1;
        const next = here + step < 0 ? input : all[here + step];
        next?.focus();
        return true;
    }

    // The page shows the key unless it is turned off in the preferences.
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
