// Find the roles to tick as one types (words.js), count the ticks, and stop where the server would refuse.
{
    const form = document.getElementById("pick");
    const count = document.getElementById("count");
    const most = Number(count?.dataset.most);
    const PAUSE = 150;

    function boxes() {
        return [...form.querySelectorAll(".picks input")];
    }

    function tally() {
        const ticked = boxes().filter((box) => box.checked).length;
        for (const box of boxes()) box.disabled = !box.checked && ticked >= most;
        count.textContent = `${ticked} of ${most} ticked`;
    }

    function start() {
        const input = document.getElementById("q");
        const said = document.getElementById("said");
        // A page that came with a search, or with more roles than it lists, does not hold them all.
        const whole = !input.defaultValue && !("leftOut" in form.dataset);
        let entries;
        let pause;

        // What is ticked stays in sight, whatever is looked for.
        function show(wanted) {
            entries ??= [...form.querySelectorAll(".picks li")].map(finding.entry);
            const found = finding.show(entries, wanted);
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
            said.textContent = finding.said(wanted, found.length);
        }

        async function ask() {
            const page = await finding.page(`${form.action}?${query()}`, "listed");
            if (!page) return;
            for (const id of ["listed", "nothing", "said"]) {
                const [here, there] = [document.getElementById(id), page.getElementById(id)];
                here.replaceChildren(...there.childNodes);
                here.hidden = there.hidden;
            }
            tally();
        }

        async function search() {
            clearTimeout(pause);
            pause = undefined;
            return whole ? show(words.in(input.value)) : ask();
        }

        // The words and the ticks: whoever comes back to this address has both.
        function query() {
            const asked = new URLSearchParams(new FormData(form));
            if (!input.value.trim()) asked.delete("q");
            return asked;
        }

        function remember() {
            history.replaceState(null, "", [location.pathname, query().toString()].filter(Boolean).join("?"));
        }

        function results() {
            return boxes().filter((box) => !box.disabled && !box.closest("[hidden]"));
        }

        input.addEventListener("input", () => {
            clearTimeout(pause);
            pause = setTimeout(search, whole ? 0 : PAUSE);
            remember();
        });
        form.addEventListener("change", (event) => {
            if (event.target.matches(".picks input")) remember();
        });
        // Enter in the search leads to the first role that is found; a space ticks it.
        input.addEventListener("keydown", async (event) => {
            if (event.key === "Escape") {
                input.value = "";
                remember();
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
        form.addEventListener("change", tally);
        tally();
        start();
    }
}
