// Copy a block in full without showing its secrets: textContent holds what the eye is spared.
const status = document.getElementById("copied");

for (const button of document.querySelectorAll("button[data-copy]")) {
    const block = button.parentElement.querySelector("pre");
    const label = button.firstChild;
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
        try {
            await navigator.clipboard.writeText(block.textContent);
            label.data = "Copied";
            status.textContent = "Copied to the clipboard";
        } catch {
            label.data = "Not copied";
            status.textContent = "The browser did not allow copying: show the secrets and select the text";
        }
        setTimeout(() => { label.data = "Copy"; status.textContent = ""; }, 2000);
    });
}
