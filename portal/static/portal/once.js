// Answers that are shown once. A page with keys takes the address of the form that it came from, so that reload and the
// back button show the form: the browser need not ask whether to send it again.
{
    const form = document.currentScript.dataset.form;
    if (form) history.replaceState(null, "", form);
    // A page that the browser kept in memory has a form that was sent already.
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
