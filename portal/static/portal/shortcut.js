// Open links made for Identity Center's portal: /start/#/console?account_id=…&role_name=…&destination=…
// Browsers never send what follows the #, so it is moved into the query.
const link = location.hash.match(/^#\/console\/?\?(.+)$/);
if (link) location.replace(`/console?${link[1]}`);
