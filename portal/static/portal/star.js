// Star a role without leaving the page; without this file the same buttons send a form or lead to one.
{
    const form = document.getElementById("favourite");
    const said = document.getElementById("said");

    function wanted(star) {
        const value = star.form === form ? star.value : listing.value(star);
        return { act: star.getAttribute("aria-pressed") === "true" ? "unstar" : "star", value };
    }

    function send(fields) {
        return fetch(form.action, { method: "POST", body: new URLSearchParams(fields) });
    }

    function show(value, starred) {
        for (const star of listing.list.querySelectorAll(".star")) {
            if (listing.value(star) === value) star.setAttribute("aria-pressed", starred);
        }
    }

    // Whatever went wrong, the page that the form leads to says it.
    function leave(act, value) {
        const field = document.createElement("input");
        Object.assign(field, { type: "hidden", name: act, value });
        form.append(field);
        form.submit();
    }

    async function toggle(star) {
        const { act, value } = wanted(star);
        const inTiles = star.form === form;
        const token = form.elements.csrfmiddlewaretoken.value;
        const response = await send({ csrfmiddlewaretoken: token, tiles: "", [act]: value }).catch(() => null);
        if (!response?.ok || response.redirected) return leave(act, value);
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        document.getElementById("tiles").replaceWith(page.getElementById("tiles"));
        show(value, act === "star");
        document.dispatchEvent(new Event("tiles"));
        said.textContent = act === "star" ? "Added to the favourites" : "Taken from the favourites";
        if (!inTiles) return;
        const again = [...document.querySelectorAll("#tiles .star")].find((each) => each.value === value);
        (again ?? document.querySelector("#tiles .star") ?? document.getElementById("main")).focus();
    }

    document.addEventListener("click", (event) => {
        const star = event.target.closest(".star");
        if (!star) return;
        event.preventDefault();
        toggle(star);
    });
}
