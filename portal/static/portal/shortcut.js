// Links made for Identity Center's portal: /start/#/console?account_id=…&role_name=…&destination=…
// What follows the # never reaches the server, so it is moved into the query here.
const link = location.hash.match(/^#\/console\/?\?(.+)$/);
if (link) location.replace(`/console?${link[1]}`);
