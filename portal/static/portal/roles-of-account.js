// Suggest only the roles of the account that was typed. Without this file all roles are suggested.
const account = document.getElementById("account");
const roles = document.getElementById("roles");
const all = [...roles.children];

function suggest() {
    const chosen = [...account.list.options].find((option) => option.value === account.value);
    const names = chosen?.dataset.roles.split(" ");
    roles.replaceChildren(...(names ? all.filter((option) => names.includes(option.value)) : all));
}

account.addEventListener("input", suggest);
suggest();
