// Complete the list of the start page once the page is up: add the accounts that came as text, name every
// button in full, turn the keys buttons into links, and open the console with one click. Without this
// file the same buttons lead to pages that ask.
const accountList = (() => {
    const list = document.getElementById("accounts");
    const go = document.getElementById("go");
    const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 10));

    // The role of a button, as forms send it: "123456789012/ReadOnly".
    function roleValue(button) {
        return `${button.form.elements.account_id.value}/${button.value}`;
    }

    function prepare(root) {
        const favourites = new Set(
            [...document.querySelectorAll("#tiles .star[aria-pressed=true]")].map((star) => star.value),
        );
        for (const form of root.querySelectorAll(".account:not([data-ready]) > form")) {
            const account = form.parentElement;
            const accountName = account.querySelector(".name").textContent;
            account.dataset.ready = "";
            for (const role of account.querySelectorAll(".role")) {
                const [star, ...buttons] = role.querySelectorAll("button");
                star.setAttribute("aria-label", `${star.getAttribute("aria-label")} in ${accountName}`);
                star.setAttribute("aria-pressed", favourites.has(roleValue(star)));
                for (const button of buttons) {
                    if (button.hasAttribute("formaction")) button.replaceWith(keysLink(button, accountName));
                    else button.setAttribute("aria-label", `Console of ${accountName} as ${button.value}`);
                }
            }
        }
    }

    function keysLink(button, accountName) {
        const link = document.createElement("a");
        const query = new URLSearchParams({
            account_id: button.form.elements.account_id.value,
            role_name: button.value,
        });
        link.className = "button";
        link.href = `${button.getAttribute("formaction")}?${query}`;
        link.setAttribute("aria-label", `Keys for ${button.value} in ${accountName}`);
        link.textContent = button.textContent;
        return link;
    }

    // Replace the next <noscript> by the accounts in it; false if there is none.
    function addNextPiece() {
        const noscript = list.querySelector("noscript");
        if (!noscript) {
            document.getElementById("later")?.remove();
            return false;
        }
        const template = document.createElement("template");
        template.innerHTML = noscript.textContent;
        const piece = document.importNode(template.content, true);
        prepare(piece);
        const section = piece.firstElementChild;
        // A section without a heading goes on with the unit before it.
        if (!section.querySelector("h2")) {
            noscript.previousElementSibling.querySelector("ul").append(...section.lastElementChild.children);
            section.remove();
        }
        noscript.replaceWith(piece);
        return true;
    }

    // Complete the list at once, for a search.
    function finish() {
        prepare(list);
        while (addNextPiece());
    }

    function addPieces() {
        if (addNextPiece()) whenIdle(addPieces, { timeout: 100 });
    }

    list.addEventListener("click", (event) => {
        const button = event.target.closest("button:not([formaction])");
        if (!button) return;
        event.preventDefault();
        const role = document.createElement("input");
        Object.assign(role, { type: "hidden", name: "role", value: roleValue(button) });
        go.append(role);
        go.submit();
        role.remove();
    });
    document.addEventListener("DOMContentLoaded", () => {
        whenIdle(() => {
            prepare(list);
            addPieces();
        }, { timeout: 100 });
    });

    return { list, roleValue, finish };
})();
