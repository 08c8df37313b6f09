// Find words in text and mark them, letter by letter as portal/pages/words.py does.
const words = {
    LONGEST_SEARCH: 200,

    // The words of a search, each once, as they are looked for.
    in(text) {
        const folded = words.fold([...text].slice(0, words.LONGEST_SEARCH).join(""));
        return [...new Set(folded.split(/[ \t\n\r\f\v\u00a0\u3000]+/))].filter(Boolean);
    },

    // Text made comparable whatever its case, each letter on its own.
    fold(text) {
        if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase();
        return Array.from(text, (letter) => letter.toLowerCase()).join("");
    },

    // Text cut into what belongs to a word found in it and what does not: [[piece, found], ...].
    pieces(text, wanted) {
        const letters = Array.from(text);
        const folded = letters.map(words.fold);
        const all = folded.join("");
        const hit = new Uint8Array(all.length);
        for (const word of wanted) {
            for (let at = all.indexOf(word); at >= 0; at = all.indexOf(word, at + 1)) {
                hit.fill(1, at, at + word.length);
            }
        }
        const found = [];
        let at = 0;
        letters.forEach((letter, i) => {
            // A letter may fold to more than one: it is hit where any of them is.
            const isHit = hit.subarray(at, at + folded[i].length).some(Boolean);
            at += folded[i].length;
            if (found.length && found.at(-1)[1] === isHit) found.at(-1)[0] += letter;
            else found.push([letter, isHit]);
        });
        return found;
    },
};

// Show only what holds every word of a search, with the words marked: on every page with a search the
// answers are the server's (portal/pages/listing.py).
const finding = (() => {
    let marks = [];
    let asking;

    // What can be found in a tile, an account or a role to tick: what is read, and what is not (data-find).
    function entry(element) {
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
    }

    // Hide what holds not all of the words, mark them in what does, and return the roles that are found.
    function show(entries, wanted) {
        marks.forEach((undo) => undo());
        marks = [];
        const all = [];
        for (const entry of entries) {
            const missing = wanted.filter((word) => !entry.text.includes(word));
            const found = entry.roles.filter((role) => missing.every((word) => role.text.includes(word)));
            for (const role of entry.roles) role.element.hidden = !found.includes(role);
            for (const role of found) mark(role.name, wanted);
            entry.element.hidden = !found.length;
            if (found.length) markAll(entry, wanted);
            all.push(...found.map((role) => role.element));
        }
        return all;
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

    // The page the server gives for a search, where this one does not hold everything; null if another
    // was asked for meanwhile. What comes without the list, say because the sign-in has ended, is gone to.
    async function page(url, list) {
        asking?.abort();
        asking = new AbortController();
        const { signal } = asking;
        const text = await fetch(url, { signal, redirect: "manual" }).then((response) => response.text()).catch(() => "");
        if (signal.aborted) return null;
        const found = new DOMParser().parseFromString(text, "text/html");
        if (found.getElementById(list)) return found;
        location.assign(url);
        return null;
    }

    function said(wanted, count) {
        return wanted.length && count ? `${count.toLocaleString("en")} ${count === 1 ? "role" : "roles"} found` : "";
    }

    return { entry, show, mark, page, said };
})();
