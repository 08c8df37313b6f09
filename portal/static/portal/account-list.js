// Complete the list of the start page once the page is up: add the accounts that came as text, name every
// button in full, turn the keys buttons into links, and open the console with one click. Without this
// file the same buttons lead to pages that ask.
const accountList = (() => {
    const list = document.getElementById("accounts");
    const go = document.getElementById("go");
    const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 10));

    // The role of a button, as forms send it: "123456789012/ReadOnly". In a line of many roles it is the chosen one's.
    function roleName(button) {
        return button.value || button.form.elements.role_name.value;
    }

    function roleValue(button) {
        return `${button.form.elements.account_id.value}/${roleName(button)}`;
    }

    // What a button is called in full; the page has the words.
    function label(what, accountName, role) {
        return list.dataset[what].replace("{account}", () => accountName).replace("{role}", () => role);
    }

    function favouriteRoles() {
        return new Set([...document.querySelectorAll("#tiles .star[aria-pressed=true]")].map((star) => star.value));
    }

    function prepare(root) {
        const favourites = favouriteRoles();
        for (const form of root.querySelectorAll(".account:not([data-ready]) > form")) {
            const account = form.parentElement;
            account.dataset.ready = "";
            if (account.classList.contains("line")) {
                prepareLine(account, favourites);
                continue;
            }
            const accountName = account.querySelector(".name").textContent;
            for (const role of account.querySelectorAll(".role")) {
                for (const button of role.querySelectorAll("button")) {
                    if (button.classList.contains("star")) {
                        button.setAttribute("aria-label", label("favourite", accountName, button.value));
                        button.setAttribute("aria-pressed", favourites.has(roleValue(button)));
                    } else if (button.hasAttribute("formaction")) button.replaceWith(keysLink(button, accountName));
                    else button.setAttribute("aria-label", label("console", accountName, button.value));
                }
            }
        }
    }

    // Name the buttons of a line after its chosen role.
    function prepareLine(account, favourites) {
        const accountName = account.querySelector(".name").textContent;
        for (const button of account.querySelectorAll(".acts button")) {
            const what = button.classList.contains("star") ? "favourite" : button.hasAttribute("formaction") ? "keys" : "console";
            button.setAttribute("aria-label", label(what, accountName, roleName(button)));
            if (what === "favourite") button.setAttribute("aria-pressed", favourites.has(roleValue(button)));
        }
    }

    list.addEventListener("change", (event) => prepareLine(event.target.closest(".line"), favouriteRoles()));

    // A search hid the chosen role of a line: the first that is shown is chosen.
    function chooseShown() {
        for (const line of list.querySelectorAll(".line:not([hidden])")) {
            if (!line.querySelector(".role[hidden] :checked")) continue;
            line.querySelector(".role:not([hidden]) input").checked = true;
            prepareLine(line, favouriteRoles());
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
        link.setAttribute("aria-label", label("keys", accountName, button.value));
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
    // The unit that one jumps to may be among the accounts that are still to come.
    document.getElementById("units")?.addEventListener("click", finish);
    document.addEventListener("DOMContentLoaded", () => {
        whenIdle(() => {
            prepare(list);
            addPieces();
        }, { timeout: 100 });
    });

    return { list, roleValue, chooseShown, finish };
})();
