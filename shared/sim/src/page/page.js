(() => {
  const charts = document.querySelector(".charts");
  const readout = charts.querySelector(".readout");
  const moment = readout.querySelector("input");
  const output = readout.querySelector("output");
  const plots = [...charts.querySelectorAll(".plot")];
  const cursors = plots.map((plot) => plot.appendChild(Object.assign(document.createElement("div"), { className: "cursor" })));
  const two = (number) => String(number).padStart(2, "0");
  const clock = (s) => `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  const at = (changes, second) => changes.findLast(([from]) => second >= from) ?? changes[0] ?? [0, "?", "?"];
  const show = () => {
    const second = Number(moment.value);
    const [, blue, green] = at(history.weights, second);
    const [, blueHealthy, greenHealthy] = at(history.healthy, second);
    const failed = history.failed[Math.floor(second / history.bucket)] ?? 0;
    const words = [
      clock(second),
      `blue ${blue} %, ${blueHealthy} healthy`,
      `green ${green} %, ${greenHealthy} healthy`,
      `${failed} failed in ${history.bucket} s`,
    ];
    output.replaceChildren(...words.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
    for (const cursor of cursors) cursor.style.left = `${(100 * second) / moment.max}%`;
  };
  const point = (event) => {
    if (readout.contains(event.target)) return;
    const box = plots[0].getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    moment.value = Math.round(part * moment.max);
    choose();
  };
  const choose = () => {
    charts.classList.add("pointed");
    show();
  };
  charts.addEventListener("pointermove", point);
  charts.addEventListener("pointerdown", point);
  moment.addEventListener("input", choose);
  readout.hidden = false;
  show();
})();
