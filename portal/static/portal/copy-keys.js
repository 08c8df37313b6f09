// Keys of a tile in the clipboard with one click, or with 1 to 9 and Enter. It gets the form that the Keys button leads to
// and sends it as it stands, with what was chosen last for the role. Nothing is kept: the answer goes to the clipboard.
// Without this file, and where anything is refused, the Keys button leads to the page that asks.
{
    const template = document.getElementById("copy-keys");
    const said = document.getElementById("keys-copied");

    function addButtons() {
        if (!navigator.clipboard?.write || !window.ClipboardItem) return;
        for (const link of document.querySelectorAll("#tiles .tile a[href^='/keys?']")) {
            const tile = link.closest(".tile");
            const button = template.content.firstElementChild.cloneNode(true);
            button.setAttribute("aria-label", `${button.textContent}: ${link.getAttribute("aria-label")}`);
            button.addEventListener("click", () => press(button, link, tile));
            link.after(button);
        }
    }

    function press(button, link, tile) {
        // Keys of a privileged role take a second click.
        if (tile.classList.contains("privileged") && !("armed" in button.dataset)) {
            button.dataset.armed = "";
            button.textContent = template.dataset.privileged;
            button.setAttribute("aria-label", `${button.textContent}: ${link.getAttribute("aria-label")}`);
            return;
        }
        button.disabled = true;
        copy(link).catch(() => location.assign(link.href)).finally(() => { button.disabled = false; button.focus(); });
    }

    async function copy(link) {
        const page = issue(link.href);
        const text = page.then((issued) => new Blob([textOf(issued)], { type: "text/plain" }));
        // Within the click: browsers allow no later start.
        await navigator.clipboard.write([new ClipboardItem({ "text/plain": text })]);
        say(link, await page);
    }

    async function issue(address) {
        const asks = await read(await fetch(address, { redirect: "manual" }), "form.ask");
        offerEvening(asks);
        const form = asks.querySelector("form.ask");
        const body = new URLSearchParams(new FormData(form));
        return read(await fetch(form.getAttribute("action"), { method: "POST", body, redirect: "manual" }), ".issued");
    }

    // Anything but the page that was expected, such as a refusal or a sign-in that has ended, is an error.
    async function read(response, expected) {
        const page = new DOMParser().parseFromString(response.ok ? await response.text() : "", "text/html");
        if (!page.querySelector(expected)) throw new Error("refused");
        return page;
    }

    function textOf(page) {
        lastFormat.choose(page);
        const slug = page.querySelector("input[name=format]:checked").id.replace(/^tab-/, "");
        return [...page.getElementById(slug).querySelectorAll("pre")].map((block) => block.textContent).join("\n\n");
    }

    function say(link, page) {
        const life = document.importNode(page.querySelector(".life"), true);
        const what = document.createElement("p");
        const format = page.querySelector("input[name=format]:checked").labels[0].textContent.trim();
        what.textContent = `${template.dataset.copied} ${link.getAttribute("aria-label")} (${format}).`;
        said.replaceChildren(what, life);
        said.hidden = false;
        life.querySelectorAll("time[data-local]").forEach(showLocal);
        life.querySelectorAll("time[data-until]").forEach(countDown);
    }

    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || !("digits" in template.dataset)) return;
        if (!/^[1-9]$/.test(event.key) || event.target.closest("input, textarea, select, [contenteditable]")) return;
        const tile = [...document.querySelectorAll("#tiles .tile")].filter((one) => one.querySelector("[aria-pressed=true]"))[event.key - 1];
        const button = tile?.querySelector(".copy-keys");
        if (!button) return;
        event.preventDefault();
        button.focus();
    });
    document.addEventListener("tiles", addButtons);
    addButtons();
}
