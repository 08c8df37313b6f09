// Open the console without asking first. The server adds this file only where that is wanted and safe (portal/pages/at_once.py).
// Never after Back or a reload: they would open it again.
{
    const form = document.getElementById("open");
    const [visit] = performance.getEntriesByType("navigation");
    // shortcut.js first moves what stands behind the #.
    if (visit?.type === "navigate" && !location.hash) {
        form.target = "_self";
        form.submit();
    }
}
