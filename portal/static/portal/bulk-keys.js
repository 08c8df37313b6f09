// Search roles as one types (matching.js), count the ticks, and stop where the server would refuse.
{
    const form = document.getElementById("choose");
    const count = document.getElementById("count");
    const most = Number(count?.dataset.most);
    const PAUSE = 150;

    function boxes() {
        return [...form.querySelectorAll(".picks input")];
    }

    function countTicks() {
        const ticked = boxes().filter((box) => box.checked).length;
        for (const box of boxes()) box.disabled = !box.checked && ticked >= most;
        count.textContent = document.getElementById("script-words").dataset.ticked.replace("{ticked}", ticked).replace("{most}", most);
    }

    function startSearch() {
        const input = document.getElementById("q");
        const result = document.getElementById("result");
        // A page that came with a search, or with more roles than it lists, does not hold them all.
        const isComplete = !input.defaultValue && !("leftOut" in form.dataset);
        let entries;
        let pause;

        // Ticked roles are shown whatever the search.
        function show(wanted) {
            entries ??= [...form.querySelectorAll(".picks li")].map(matching.entry);
            const found = matching.show(entries, wanted);
            for (const { element } of entries) {
                if (element.querySelector("input").checked) element.hidden = false;
            }
            for (const list of form.querySelectorAll(".picks")) {
                list.hidden = !list.querySelector("li:not([hidden])");
                const heading = list.previousElementSibling;
                if (heading) heading.hidden = list.hidden;
            }
            const others = found.filter((one) => !one.querySelector("input").checked).length;
            document.getElementById("nothing").hidden = others > 0 || !wanted.length;
            result.textContent = matching.message(wanted, found.length);
        }

        async function askServer() {
            const page = await matching.page(`${form.action}?${query()}`, "listed");
            if (!page) return;
            for (const id of ["listed", "nothing", "result"]) {
                const [here, there] = [document.getElementById(id), page.getElementById(id)];
                here.replaceChildren(...there.childNodes);
                here.hidden = there.hidden;
            }
            countTicks();
        }

        async function search() {
            clearTimeout(pause);
            pause = undefined;
            return isComplete ? show(words.in(input.value)) : askServer();
        }

        function query() {
            const fields = new URLSearchParams(new FormData(form));
            if (!input.value.trim()) fields.delete("q");
            return fields;
        }

        // Keep the search and the ticks in the address, so that they are still there after going back.
        function updateAddress() {
            history.replaceState(null, "", [location.pathname, query().toString()].filter(Boolean).join("?"));
        }

        function results() {
            return boxes().filter((box) => !box.disabled && !box.closest("[hidden]"));
        }

        input.addEventListener("input", () => {
            clearTimeout(pause);
            pause = setTimeout(search, isComplete ? 0 : PAUSE);
            updateAddress();
        });
        form.addEventListener("change", (event) => {
            if (event.target.matches(".picks input")) updateAddress();
        });
        // Enter in the search moves the focus to the first result; a space ticks it.
        input.addEventListener("keydown", async (event) => {
            if (event.key === "Escape") {
                input.value = "";
                updateAddress();
            } else if (event.key !== "Enter" && event.key !== "ArrowDown") return;
            event.preventDefault();
            await search();
            if (event.key !== "Escape") results()[0]?.focus();
        });
        form.addEventListener("keydown", (event) => {
            const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
            if (!step || !event.target.matches(".picks input")) return;
            event.preventDefault();
            const all = results();
            const next = all.indexOf(event.target) + step;
            (next < 0 ? input : all[next])?.focus();
        });
    }

    if (form) {
        form.addEventListener("change", countTicks);
        countTicks();
        startSearch();
    }
}
