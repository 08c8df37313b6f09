// Add and remove favourites without leaving the page. Without this file the same buttons send a form.
{
    const form = document.getElementById("favourite");
    const result = document.getElementById("result");

    function wanted(star) {
        const value = star.form === form ? star.value : accountList.roleValue(star);
        return { action: star.getAttribute("aria-pressed") === "true" ? "unstar" : "star", value };
    }

    function send(fields) {
        return fetch(form.action, { method: "POST", body: new URLSearchParams(fields) });
    }

    function updateList(value, isFavourite) {
        for (const star of accountList.list.querySelectorAll(".star")) {
            if (accountList.roleValue(star) === value) star.setAttribute("aria-pressed", isFavourite);
        }
    }

    // After an error send the form itself: the page that answers says what is wrong.
    function sendForm(action, value) {
        const field = document.createElement("input");
        Object.assign(field, { type: "hidden", name: action, value });
        form.append(field);
        form.submit();
    }

    async function toggle(star) {
        const { action, value } = wanted(star);
        const isInTiles = star.form === form;
        const token = form.elements.csrfmiddlewaretoken.value;
        const response = await send({ csrfmiddlewaretoken: token, tiles: "", [action]: value }).catch(() => null);
        if (!response?.ok || response.redirected) return sendForm(action, value);
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        const before = star.getBoundingClientRect().top;
        document.getElementById("tiles").replaceWith(page.getElementById("tiles"));
        // What is below the tiles stays under the pointer.
        if (!isInTiles) window.scrollBy(0, star.getBoundingClientRect().top - before);
        updateList(value, action === "star");
        document.dispatchEvent(new Event("tiles"));
        result.textContent = document.getElementById("script-words").dataset[action === "star" ? "starred" : "unstarred"];
        if (!isInTiles) return;
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
