// Show times in the reader's time zone, and count down how long keys are valid. Without this file times are in UTC.
const language = document.documentElement.lang || "en-GB";
const clockWords = document.getElementById("script-words")?.dataset;
const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
const day = { day: "numeric", month: "long", year: "numeric" };

function inWords(milliseconds) {
    const seconds = Math.max(0, Math.round(milliseconds / 1000));
    const minutes = Math.round(seconds / 60);
    const parts = seconds < 120
        ? [[Math.floor(seconds / 60), "minute"], [seconds % 60, "second"]]
        : [[Math.floor(minutes / 60), "hour"], [minutes % 60, "minute"]];
    return parts.filter(([n]) => n).map(([n, unit]) => new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(n)).join(" ");
}

function showLocal(element) {
    element.textContent = new Date(element.dateTime).toLocaleTimeString(language, time);
}

for (const element of document.querySelectorAll("time[data-local]")) showLocal(element);
for (const element of document.querySelectorAll("time[data-moment]")) {
    const moment = new Date(element.dateTime);
    const seconds = element.dataset.moment === "seconds" ? { second: "2-digit" } : {};
    element.textContent = `${moment.toLocaleDateString(language, day)}, ${moment.toLocaleTimeString(language, { ...time, ...seconds })}`;
}
// How many milliseconds the browser's clock is ahead of the portal's. Up to a minute is not corrected: the page may have
// taken that long to arrive.
function clockAhead(element) {
    const ahead = Date.now() - Number(element.dataset.now) * 1000;
    return Math.abs(ahead) > 60_000 ? ahead : 0;
}

function countDown(element) {
    const until = Date.parse(element.dateTime) + clockAhead(element);
    const status = document.getElementById("copied");
    const tick = () => {
        const words = inWords(until - Date.now());
        if (words && element.textContent !== words) element.textContent = words;
        if (words) return;
        clearInterval(ticking);
        const validity = element.closest(".life");
        validity.classList.add("over");
        const end = validity.querySelector(".muted");
        const [before, after] = clockWords.since.split("{time}");
        end.replaceChildren(before, end.querySelector("time"), after);
        element.parentElement.textContent = clockWords.over;
        if (status) status.textContent = clockWords.keysOver;
    };
    const ticking = setInterval(tick, 1000);
    tick();
}

for (const element of document.querySelectorAll("time[data-until]")) countDown(element);
