// Finish the list once the page is up: read what came as text, name every button in full, turn the
// way to the keys into a link, and open the console with one click. Without this file the same buttons
// lead to pages that ask.
const listing = (() => {
    const list = document.getElementById("accounts");
    const go = document.getElementById("go");
    const soon = window.requestIdleCallback ?? ((work) => setTimeout(work, 10));

    function value(button) {
        return `${button.form.elements.account_id.value}/${button.value}`;
    }

    function prepare(root) {
        const starred = new Set(
            [...document.querySelectorAll("#tiles .star[aria-pressed=true]")].map((star) => star.value),
        );
        for (const form of root.querySelectorAll(".account:not([data-ready]) > form")) {
            const account = form.parentElement;
            const name = account.querySelector(".name").textContent;
            account.dataset.ready = "";
            for (const role of account.querySelectorAll(".role")) {
                const [star, ...acts] = role.querySelectorAll("button");
                star.setAttribute("aria-label", `${star.getAttribute("aria-label")} in ${name}`);
                star.setAttribute("aria-pressed", starred.has(value(star)));
                for (const act of acts) {
                    if (act.hasAttribute("formaction")) act.replaceWith(keys(act, name));
                    else act.setAttribute("aria-label", `Console of ${name} as ${act.value}`);
                }
            }
        }
    }

    function keys(button, name) {
        const link = document.createElement("a");
        const query = new URLSearchParams({
            account_id: button.form.elements.account_id.value,
            role_name: button.value,
        });
        link.className = "button";
        link.href = `${button.getAttribute("formaction")}?${query}`;
        link.setAttribute("aria-label", `Keys for ${button.value} in ${name}`);
        link.textContent = button.textContent;
        return link;
    }

    // Put the next piece of the list in its place; false when there is none.
    function next() {
        const later = list.querySelector("noscript");
        if (!later) {
            document.getElementById("later")?.remove();
            return false;
        }
        const piece = document.createElement("template");
        piece.innerHTML = later.textContent;
        const content = document.importNode(piece.content, true);
        prepare(content);
        const section = content.firstElementChild;
        if (!section.querySelector("h2")) {
            later.previousElementSibling.querySelector("ul").append(...section.lastElementChild.children);
            section.remove();
        }
        later.replaceWith(content);
        return true;
    }

    function finish() {
        prepare(list);
        while (next());
    }

    function goOn() {
        if (next()) soon(goOn, { timeout: 100 });
    }

    list.addEventListener("click", (event) => {
        const button = event.target.closest("button:not([formaction])");
        if (!button) return;
        event.preventDefault();
        const role = document.createElement("input");
        Object.assign(role, { type: "hidden", name: "role", value: value(button) });
        go.append(role);
        go.submit();
        role.remove();
    });
    document.addEventListener("DOMContentLoaded", () => {
        soon(() => {
            prepare(list);
            goOn();
        }, { timeout: 100 });
    });

    return { list, value, finish };
})();
