// Search as one types, with the same answers as the server's (portal/pages/listing.py), and walk through
// what is found with the arrows. Where there are too many accounts for one page, the server is asked.
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
    let marks = [];
    let asking;

    // What can be found: each tile and each account, once, with what is read and what is not.
    function look() {
        listing.finish();
        entries = [...document.querySelectorAll(".tile, .account")].map((element) => {
            const [unit, ...unread] = element.dataset.find.split("\n");
            const shown = [...element.querySelectorAll(".name, .mono, .env")];
            const roles = [...element.querySelectorAll(".role")];
            return {
                element,
                unread,
                shown,
                text: words.fold([...shown.map((one) => one.textContent), unit, ...unread].join("\n")),
                roles: (roles.length ? roles : [element]).map((role) => {
                    const name = role.querySelector(".role-name");
                    return { element: role, name, text: words.fold(name.firstChild.data) };
                }),
            };
        });
    }

    function show(wanted) {
        marks.forEach((undo) => undo());
        marks = [];
        let count = 0;
        for (const entry of entries) {
            const missing = wanted.filter((word) => !entry.text.includes(word));
            let any = false;
            for (const role of entry.roles) {
                const found = missing.every((word) => role.text.includes(word));
                role.element.hidden = !found;
                any ||= found;
                if (found) mark(role.name, wanted);
                if (found && entry.element.matches(".account")) count += 1;
            }
            entry.element.hidden = !any;
            if (any) markAll(entry, wanted);
        }
        for (const section of document.querySelectorAll("#accounts section, #tiles section")) {
            section.hidden = !section.querySelector("li:not([hidden])");
            const unit = section.closest("#accounts") && section.querySelector("h2");
            if (unit && !section.hidden) mark(unit, wanted);
        }
        nothing.hidden = count > 0;
        said.textContent = wanted.length && count ? `${count} ${count === 1 ? "role" : "roles"} found` : "";
    }

    function markAll(entry, wanted) {
        for (const element of entry.shown) mark(element, wanted);
        for (const line of entry.unread) {
            const folded = words.fold(line);
            if (!wanted.some((word) => folded.includes(word))) continue;
            const tag = document.createElement("span");
            tag.className = "tag";
            tag.textContent = line;
            mark(tag, wanted);
            entry.element.querySelector(".where").append(tag);
            marks.push(() => tag.remove());
        }
    }

    function mark(element, wanted) {
        if (!wanted.length) return;
        const text = element.firstChild;
        const pieces = words.pieces(text.data, wanted);
        if (!pieces.some(([, found]) => found)) return;
        const nodes = pieces.map(([piece, found]) => {
            if (!found) return piece;
            const node = document.createElement("mark");
            node.textContent = piece;
            return node;
        });
        const others = [...element.childNodes].slice(1);
        element.replaceChildren(...nodes, ...others);
        marks.push(() => element.replaceChildren(text, ...others));
    }

    async function fetchPage(query) {
        asking?.abort();
        asking = new AbortController();
        const response = await fetch(form.action + query, { signal: asking.signal }).catch(() => null);
        if (!response?.ok || response.redirected) return null;
        return new DOMParser().parseFromString(await response.text(), "text/html");
    }

    function take(page) {
        for (const id of ["tiles", "nothing", "accounts", "pager"]) {
            const [here, there] = [document.getElementById(id), page.getElementById(id)];
            if (here && there) {
                here.replaceChildren(...there.childNodes);
                here.hidden = there.hidden;
            } else if (here) here.hidden = true;
        }
        listing.finish();
    }

    async function askServer() {
        const page = await fetchPage(input.value.trim() ? `?${query()}` : "");
        if (page) take(page);
    }

    async function search() {
        if (!searchedHere) return askServer();
        if (!whole) {
            const page = await fetchPage("?all");
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

    let pause;
    input.addEventListener("input", () => {
        clearTimeout(pause);
        pause = setTimeout(() => {
            pause = undefined;
            search();
        }, searchedHere ? 0 : PAUSE);
        history.replaceState(null, "", input.value.trim() ? `?${query()}` : location.pathname);
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
