// Open links to the console whole, whatever of them browsers do not send or servers read as something else:
// - Links made for Identity Center's portal: /start/#/console?account_id=…&role_name=…&destination=…
// - A destination that is not encoded: its own & and # would end it.
{
    const ours = /^(account_id|role_name)=/;

    // Return a query with its destination encoded. What follows the destination belongs to it, but for our own fields.
    function whole(query) {
        const [before, after] = query.split(/(?:^|&)destination=/, 2);
        if (after === undefined) return query;
        const fields = before ? [before] : [];
        let destination;
        for (const piece of after.split("&")) {
            if (destination === undefined) {
                destination = piece;
            } else if (ours.test(piece) || (piece.startsWith("region=") && !/[?#]/.test(destination))) {
                fields.push(piece);
            } else {
                destination += `&${piece}`;
            }
        }
        // Encoded already, but for a fragment that somebody added.
        const encoded = destination.match(/^https%3A[^#&]*/i)?.[0];
        if (encoded) destination = decodeURIComponent(encoded) + destination.slice(encoded.length);
        fields.push(`destination=${encodeURIComponent(destination)}`);
        return fields.join("&");
    }

    const link = location.hash.match(/^#\/console\/?\?(.+)$/);
    const broken = document.querySelector("[data-left-over]") || location.hash;
    if (link) {
        location.replace(`/console?${whole(link[1])}`);
    } else if (location.pathname === "/console" && broken) {
        const query = whole(location.search.slice(1) + location.hash);
        if (`?${query}` !== location.search) location.replace(`/console?${query}`);
    }
}
