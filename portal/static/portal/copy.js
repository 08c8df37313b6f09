// Copy a block in full without showing its secrets: textContent holds them even while they are hidden.
const status = document.getElementById("copied");
const show = document.getElementById("show");
const copyWords = document.getElementById("script-words").dataset;
let timer;

function textFor(button) {
    const blocks = button.dataset.copy === "all" ? document.querySelectorAll("main pre") : [button.parentElement.querySelector("pre")];
    return [...blocks].map((block) => block.textContent).join("\n\n");
}

// Announce a result to screen readers; a refusal is also shown, and stays. The text is emptied first, so
// that the same text is announced again.
function announce(text, refused) {
    clearTimeout(timer);
    status.textContent = "";
    status.className = refused ? "note warn" : "visually-hidden";
    timer = setTimeout(() => {
        status.textContent = text;
        if (!refused) timer = setTimeout(() => { status.textContent = ""; }, 2000);
    }, 50);
}

for (const button of document.querySelectorAll("button[data-copy]")) {
    const label = button.firstChild;
    const name = label.data;
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
        try {
            await navigator.clipboard.writeText(textFor(button));
            label.data = copyWords.copied;
            announce(copyWords.inClipboard, false);
        } catch {
            label.data = copyWords.notCopied;
            announce(show ? copyWords.showThenCopy.replace("{label}", show.labels[0].textContent.trim()) : copyWords.selectToCopy, true);
        }
        setTimeout(() => { label.data = name; }, 2000);
    });
}

// Where keys were just issued, the button that copies them has the focus.
window.addEventListener("DOMContentLoaded", () => {
    const [first] = [...document.querySelectorAll(".issued button[data-copy]")].filter((button) => button.checkVisibility());
    first?.focus();
});
