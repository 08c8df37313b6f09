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
