// Copy a block in full without showing its secrets: textContent holds what the eye is spared.
const status = document.getElementById("copied");
const show = document.getElementById("show");
let quiet;

function copied(button) {
    const blocks = button.dataset.copy === "all" ? document.querySelectorAll("main pre") : [button.parentElement.querySelector("pre")];
    return [...blocks].map((block) => block.textContent).join("\n\n");
}

// Said to those who listen; a refusal is also shown, and stays. Emptied first, so that the same is said again.
function tell(text, refused) {
    clearTimeout(quiet);
    status.textContent = "";
    status.className = refused ? "note warn" : "visually-hidden";
    quiet = setTimeout(() => {
        status.textContent = text;
        if (!refused) quiet = setTimeout(() => { status.textContent = ""; }, 2000);
    }, 50);
}

for (const button of document.querySelectorAll("button[data-copy]")) {
    const label = button.firstChild;
    const name = label.data;
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
        try {
            await navigator.clipboard.writeText(copied(button));
            label.data = "Copied";
            tell("Copied to the clipboard", false);
        } catch {
            label.data = "Not copied";
            tell(`The browser did not allow copying. ${show ? `Tick “${show.labels[0].textContent.trim()}”, then select` : "Select"} the text and copy it.`, true);
        }
        setTimeout(() => { label.data = name; }, 2000);
    });
}
