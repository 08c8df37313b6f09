// Looks at a page the way somebody with a keyboard, large fingers or large letters does.
window.gatehouse = (() => {
    const FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    const visible = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && !e.closest("[inert]");
    const all = () => [...document.querySelectorAll(FOCUSABLE)].filter(visible);
    const name = (e) => `${e.localName} “${(e.getAttribute("aria-label") || e.labels?.[0]?.innerText || e.innerText || e.value || e.name || "").trim().slice(0, 60)}”`;
    // A label is part of its field's target; some fields are only seen as their label.
    const target = (e) => (["checkbox", "radio"].includes(e.type) && e.labels?.[0]) || e;
    const shown = (e) => [e, e.nextElementSibling, e.closest("label"), e.closest(".search")].filter(Boolean);
    const outlined = (e) => {
        const style = getComputedStyle(e);
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    };
    const inSentence = (e) => e.localName === "a" && getComputedStyle(e).display === "inline" &&
        [...e.parentElement.childNodes].some((n) => n !== e && n.textContent.trim());

    function tooSmall() {
        return all().filter((e) => !e.matches(".skip") && !inSentence(e)).flatMap((e) => {
            const boxes = [e, target(e)].map((t) => t.getBoundingClientRect());
            if (boxes.some((box) => box.width >= 23.95 && box.height >= 23.95)) return [];
            return [`${name(e)} is ${boxes.map((box) => `${box.width.toFixed(1)} by ${box.height.toFixed(1)}`)}`];
        });
    }

    function stop() {
        const e = document.activeElement;
        if (!e || e === document.body || e === document.documentElement) return null;
        const complaints = [];
        if (e.tabIndex > 0) complaints.push(`${name(e)} has a tabindex above 0`);
        if (!shown(e).some(outlined)) complaints.push(`${name(e)} does not show its focus`);
        const seen = getComputedStyle(e).opacity === "0" ? target(e) : e;
        const box = seen.getBoundingClientRect();
        const [left, top] = [Math.max(box.left, 0), Math.max(box.top, 0)];
        const [right, bottom] = [Math.min(box.right, innerWidth), Math.min(box.bottom, innerHeight)];
        const over = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        if (right <= left || bottom <= top) complaints.push(`${name(e)} has the focus out of sight`);
        else if (!over || !(seen.contains(over) || over.contains(e))) complaints.push(`${name(e)} is behind ${over && name(over)}`);
        return { index: [...document.querySelectorAll("*")].indexOf(e), complaints };
    }

    function missed(order) {
        const everything = [...document.querySelectorAll("*")];
        const reached = new Set(order.map((index) => everything[index]));
        return all().filter((e) => {
            if (reached.has(e)) return false;
            // Of a group of radio buttons Tab reaches one; the arrows do the rest.
            return e.type !== "radio" || ![...reached].some((r) => r.type === "radio" && r.name === e.name);
        }).map(name);
    }

    function spaceOut() {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-bottom: 2em !important; }");
        document.adoptedStyleSheets = [sheet];
    }

    function cut() {
        const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth && !e.closest("pre"));
        const sideways = document.documentElement.scrollWidth > innerWidth ? [`the page scrolls sideways: ${wide.map(name)}`] : [];
        return sideways.concat([...document.body.querySelectorAll("*")].filter((e) => {
            if (!visible(e) || e.closest(".visually-hidden, pre, svg") || ["input", "select", "option"].includes(e.localName)) return false;
            const hides = ["hidden", "clip"].includes(getComputedStyle(e).overflowX) || e.localName === "button";
            return hides && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1);
        }).map((e) => `${name(e)} is cut`));
    }

    function moving() {
        return [...document.querySelectorAll("*")].filter((e) => {
            const style = getComputedStyle(e);
            return style.transitionDuration.split(",").some((d) => parseFloat(d) > 0) || style.animationName !== "none";
        }).map(name);
    }

    // Pressing Tab goes on from where somebody clicked last, even if that has lost the focus.
    function fromTheTop() {
        document.body.tabIndex = -1;
        document.body.focus();
        document.body.removeAttribute("tabindex");
        scrollTo(0, 0);
    }

    return { fromTheTop, tooSmall, stop, missed, spaceOut, cut, moving };
})();
