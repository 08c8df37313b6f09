// Count the ticks, and stop where the server would refuse.
const count = document.getElementById("count");
const most = Number(count?.dataset.most);
const boxes = [...document.querySelectorAll(".picks input")];

function tally() {
    const ticked = boxes.filter((box) => box.checked).length;
    for (const box of boxes) box.disabled = !box.checked && ticked >= most;
    count.textContent = `${ticked} of ${most} ticked`;
}

for (const box of boxes) box.addEventListener("change", tally);
if (count) tally();
