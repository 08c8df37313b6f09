// Copy a block in full without showing its secrets: textContent holds what the eye is spared.
const status = document.getElementById("copied");

function copied(button) {
    const blocks = button.dataset.copy === "all" ? document.querySelectorAll("main pre") : [button.parentElement.querySelector("pre")];
    return [...blocks].map((block) => block.textContent).join("\n\n");
}

for (const button of document.querySelectorAll("button[data-copy]")) {
    const label = button.firstChild;
    const name = label.data;
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
        try {
            await navigator.clipboard.writeText(copied(button));
            label.data = "Copied";
            status.textContent = "Copied to the clipboard";
        } catch {
            label.data = "Not copied";
            status.textContent = "The browser did not allow copying: show the secrets and select the text";
        }
        setTimeout(() => { label.data = name; status.textContent = ""; }, 2000);
    });
}
