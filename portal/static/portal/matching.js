// Split a search into words and find them in text, letter by letter as portal/pages/search.py does.
const words = {
    LONGEST_SEARCH: 200,

    // The words of a search, each once, in lower case and without accents.
    in(text) {
        const folded = words.fold([...text].slice(0, words.LONGEST_SEARCH).join(""));
        return [...new Set(folded.split(/[ \t\n\r\f\v\u00a0\u3000]+/))].filter(Boolean);
    },

    // Lower case without accents, letter by letter: toLowerCase of a whole text also looks at neighbours.
    fold(text) {
        if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase();
        return Array.from(text, words.foldLetter).join("");
    },

    foldLetter(letter) {
        const plain = letter.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
        return plain.replace(/[øłđı]/g, (stroke) => ({ ø: "o", ł: "l", đ: "d", ı: "i" })[stroke]);
    },

    // Cut text into parts that match a word and parts that do not: [[part, isMatch], ...].
    pieces(text, wanted) {
        const letters = Array.from(text);
        const folded = letters.map(words.fold);
        const whole = folded.join("");
        const matches = new Uint8Array(whole.length);
        for (const word of wanted) {
            for (let start = whole.indexOf(word); start >= 0; start = whole.indexOf(word, start + 1)) {
                matches.fill(1, start, start + word.length);
            }
        }
        const pieces = [];
        let start = 0;
        let isMatch = false;
        letters.forEach((letter, i) => {
            // A letter can become several, which match if any of them does, or none: an accent of its own is with its letter.
            if (folded[i]) isMatch = matches.subarray(start, start + folded[i].length).some(Boolean);
            start += folded[i].length;
            if (pieces.length && pieces.at(-1)[1] === isMatch) pieces.at(-1)[0] += letter;
            else pieces.push([letter, isMatch]);
        });
        return pieces;
    },
};

// Show only what holds every word of a search, with the words marked. The result is the same as the
// server's (portal/pages/search.py).
const matching = (() => {
    let undoMarks = [];
    let request;

    // What is searched in a tile, an account or a role to tick: its text, and the lines of data-find,
    // of which the first is the unit.
    function entry(element) {
        const [unit, ...hiddenLines] = element.dataset.find.split("\n");
        const visible = [...element.querySelectorAll(".name, .mono, .env")];
        const roles = [...element.querySelectorAll(".role")];
        return {
            element,
            hiddenLines,
            visible,
            text: words.fold([...visible.map((one) => one.textContent), unit, ...hiddenLines].join("\n")),
            roles: (roles.length ? roles : [element]).map((role) => {
                const name = role.querySelector(".role-name");
                return { element: role, name, text: words.fold(name.firstChild.data) };
            }),
        };
    }

    // Hide the roles that do not match, mark the words in the others, and return these.
    function show(entries, wanted) {
        undoMarks.forEach((undo) => undo());
        undoMarks = [];
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

    // Mark the words in an entry; show the hidden lines that hold one, such as tags.
    function markAll(entry, wanted) {
        for (const element of entry.visible) mark(element, wanted);
        for (const line of entry.hiddenLines) {
            const folded = words.fold(line);
            if (!wanted.some((word) => folded.includes(word))) continue;
            const tag = document.createElement("span");
            tag.className = "tag";
            tag.textContent = line;
            mark(tag, wanted);
            entry.element.querySelector(".where").append(tag);
            undoMarks.push(() => tag.remove());
        }
    }

    function mark(element, wanted) {
        if (!wanted.length) return;
        const text = element.firstChild;
        const pieces = words.pieces(text.data, wanted);
        if (!pieces.some(([, isMatch]) => isMatch)) return;
        const nodes = pieces.map(([piece, isMatch]) => {
            if (!isMatch) return piece;
            const node = document.createElement("mark");
            node.textContent = piece;
            return node;
        });
        const others = [...element.childNodes].slice(1);
        element.replaceChildren(...nodes, ...others);
        undoMarks.push(() => element.replaceChildren(text, ...others));
    }

    // Fetch the page with the server's result, where this page does not hold everything. Returns null if a
    // newer search was started meanwhile. If the answer has no list, say because the sign-in has ended,
    // the browser goes there.
    async function page(url, listId) {
        request?.abort();
        request = new AbortController();
        const { signal } = request;
        const html = await fetch(url, { signal, redirect: "manual" }).then((response) => response.text()).catch(() => "");
        if (signal.aborted) return null;
        const answer = new DOMParser().parseFromString(html, "text/html");
        if (answer.getElementById(listId)) return answer;
        location.assign(url);
        return null;
    }

    // What screen readers announce: "1 role found".
    function message(wanted, count) {
        if (!wanted.length || !count) return "";
        const { foundOne, foundMany } = document.getElementById("script-words").dataset;
        return (count === 1 ? foundOne : foundMany).replace("{count}", count.toLocaleString(document.documentElement.lang));
    }

    return { entry, show, mark, page, message };
})();
