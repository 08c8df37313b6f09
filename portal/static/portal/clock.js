// Times in the reader's own time zone, and how long keys still live. Without this they read in UTC.
const time = { hour: "numeric", minute: "2-digit" };
const day = { year: "numeric", month: "short", day: "numeric" };

function left(milliseconds) {
    if (milliseconds <= 0) return "no longer: take new ones";
    const minutes = Math.round(milliseconds / 60000);
    const parts = [[Math.floor(minutes / 60), "hour"], [minutes % 60, "minute"]];
    const words = parts.filter(([n]) => n).map(([n, unit]) => `${n} ${unit}${n === 1 ? "" : "s"}`);
    return words.join(" ") || "less than a minute";
}

for (const element of document.querySelectorAll("time[data-local]")) {
    element.textContent = `${new Date(element.dateTime).toLocaleTimeString([], time)}, your time`;
}
for (const element of document.querySelectorAll("time[data-moment]")) {
    element.textContent = new Date(element.dateTime).toLocaleString([], { ...day, ...time, second: "2-digit" });
}
for (const element of document.querySelectorAll("time[data-until]")) {
    const until = Date.parse(element.dateTime);
    const tick = () => { element.textContent = left(until - Date.now()); };
    tick();
    setInterval(tick, 10000);
}
