// Reads the API every two seconds while somebody looks. All text goes in as text, never as markup.
"use strict";

const tones = {
  FAILED: "bad", SUCCEEDED: "good", RUNNING: "good",
  QUEUED: "busy", ENVIRONMENT: "busy", CLUSTER: "busy", STARTING: "busy", STOPPING: "busy",
};

function element(name, text, tone) {
  const made = document.createElement(name);
  made.append(text ?? "");
  if (tone) made.className = tone;
  return made;
}

function named(thing) {
  const cell = element("td", thing.name ?? thing.id);
  if (thing.name) cell.append(element("small", thing.id));
  return cell;
}

function phase(thing) {
  const cell = element("td");
  cell.append(element("span", thing.phase.toLowerCase(), tones[thing.phase]));
  return cell;
}

function linked(href, text) {
  const link = element("a", text);
  link.href = href;
  return element("td", link, "plain");
}

function fill(id, rows) {
  const table = document.getElementById(id);
  const labels = Array.from(table.tHead.rows[0].cells, (cell) => cell.textContent);
  table.tBodies[0].replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    cells.forEach((cell, at) => { cell.dataset.label = labels[at]; });
    row.append(...cells);
    return row;
  }));
  table.hidden = rows.length === 0;
  table.nextElementSibling.hidden = rows.length > 0;
}

function span(from, to) {
  const s = Math.max(0, Math.round((to - from) / 1e6));
  if (s < 100) return `${s} s`;
  if (s < 6000) return `${Math.round(s / 60)} min`;
  return s < 172800 ? `${(s / 3600).toFixed(1)} h` : `${Math.round(s / 86400)} days`;
}

function why(thing) {
  if (thing.cause) return thing.cause.sentence;
  const [first] = thing.reasons;
  return first ? [first.sentence, first.next].filter(Boolean).join("; ") : "";
}

// Names stand in backticks.
function sentence(text) {
  const cell = element("td");
  cell.append(...text.split("`").map((piece, at) => at % 2 ? element("code", piece) : piece));
  return cell;
}

function clusterRow(c) {
  const serving = c.slots.filter((slot) => slot.phase === "running").length;
  const tasks = c.dask ? `${c.dask.done} of ${c.dask.total}` : "";
  const shown = c.phase === "RUNNING" && c.shape.dashboard;
  return [named(c), phase(c), sentence(why(c)), element("td", `${serving} of ${c.workers_wanted}`, "plain"),
    element("td", tasks, "plain"), shown ? linked(`/clusters/${c.id}/status`, "open") : element("td")];
}

function jobRow(j) {
  const now = Date.now() * 1000;
  const began = j.stages.running;
  const submitted = element("td", `${span(j.submitted_at, now)} ago`, "plain");
  submitted.title = new Date(j.submitted_at / 1000).toLocaleString();
  return [named(j), phase(j), sentence(why(j)), submitted,
    element("td", began ? span(began, j.stages.ended ?? now) : "", "plain")];
}

async function get(path) {
  const answer = await fetch(path, { headers: { accept: "application/json" } });
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error((await answer.json()).message);
  return answer.json();
}

function tell(text, stale) {
  document.getElementById("server").textContent = text;
  document.body.classList.toggle("stale", stale);
}

async function refresh() {
  try {
    const [server, clusters, jobs] = await Promise.all(
      [get("/v1/server"), get("/v1/clusters?active=true"), get("/v1/jobs?limit=50")]);
    tell(`${server.pool_used} of ${server.pool_size} worker slots in use`, false);
    fill("clusters", clusters.map(clusterRow));
    fill("jobs", jobs.map(jobRow));
  } catch (error) {
    const gone = error instanceof TypeError;
    tell(gone ? "the server does not answer; `caddis dashboard` starts it again" : error.message, true);
  }
}

async function loop() {
  if (document.visibilityState === "visible") await refresh();
  setTimeout(loop, 2000);
}
loop();
