// Offer keys until the end of the working day. Only the browser knows how many seconds that is from now.
function offerEvening(page) {
    const choices = page.querySelector("[data-evening]");
    if (!choices) return;
    const longest = Number(choices.dataset.longest);
    const shortest = 900;
    const [hour, minute] = choices.dataset.evening.split(":").map(Number);
    const evening = () => new Date().setHours(hour, minute, 0, 0);
    const secondsLeft = () => Math.floor((evening() - Date.now()) / 1000);
    if (secondsLeft() < shortest || secondsLeft() > longest) return;

    const radio = Object.assign(document.createElement("input"), { type: "radio", name: "duration", value: secondsLeft() });
    const words = Object.assign(document.createElement("span"), {
        textContent: document.getElementById("script-words").dataset.eveningWords.replace(
            "{time}",
            new Date(evening()).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" }),
        ),
    });
    const choice = Object.assign(document.createElement("label"), { className: "choice" });
    choice.append(radio, words);
    choices.append(choice);
    radio.checked = "eveningChosen" in choices.dataset;
    radio.form.addEventListener("formdata", ({ formData }) => {
        if (!radio.checked) return;
        // The page may have been open for a while, so count again when the form is sent.
        formData.set("duration", Math.max(secondsLeft(), shortest));
        formData.set("evening", "1");
    });
}

offerEvening(document);
