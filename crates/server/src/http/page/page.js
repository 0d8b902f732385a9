// Reads the API every two seconds while somebody looks. All text goes in as text, never as markup.
"use strict";

const tone = { FAILED: "bad", SUCCEEDED: "good", RUNNING: "good" };

function cell(content, tone) {
  const td = document.createElement("td");
  td.append(content ?? "");
  if (tone) td.className = tone;
  return td;
}

function row(cells) {
  const tr = document.createElement("tr");
  tr.append(...cells);
  return tr;
}

function fill(id, rows, columns) {
  const nothing = cell("none", "calm");
  nothing.colSpan = columns;
  document.getElementById(id).replaceChildren(...(rows.length ? rows : [row([nothing])]));
}

function seconds(from, to) {
  const s = Math.max(0, Math.round((to - from) / 1e6));
  return s < 100 ? `${s} s` : s < 6000 ? `${Math.round(s / 60)} min` : `${(s / 3600).toFixed(1)} h`;
}

function why(view) {
  if (view.cause) return view.cause.sentence;
  const [first] = view.reasons;
  return first ? [first.sentence, first.next].filter(Boolean).join("; ") : "";
}

function dashboard(cluster) {
  if (cluster.phase !== "RUNNING" || !cluster.shape.dashboard) return "";
  const a = document.createElement("a");
  a.href = `/clusters/${cluster.id}/status`;
  a.textContent = "dashboard";
  return a;
}

function clusterRow(c) {
  const serving = c.slots.filter((slot) => slot.phase === "running").length;
  const tasks = c.dask ? `${c.dask.done} of ${c.dask.total}` : "";
  return row([cell(c.name ?? c.id), cell(c.phase, tone[c.phase]), cell(why(c)),
    cell(`${serving} of ${c.workers_wanted}`), cell(tasks), cell(dashboard(c))]);
}

function jobRow(j) {
  const began = j.stages.running;
  const took = began ? seconds(began, j.stages.ended ?? Date.now() * 1000) : "";
  return row([cell(j.name ?? j.id), cell(j.phase, tone[j.phase]), cell(why(j)),
    cell(new Date(j.submitted_at / 1000).toLocaleString()), cell(took)]);
}

async function get(path) {
  const answer = await fetch(path, { headers: { accept: "application/json" } });
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error((await answer.json()).message);
  return answer.json();
}

async function refresh() {
  try {
    const [server, clusters, jobs] = await Promise.all(
      [get("/v1/server"), get("/v1/clusters?active=true"), get("/v1/jobs?limit=50")]);
    document.getElementById("server").textContent =
      `${server.pool_used} of ${server.pool_size} worker slots in use`;
    fill("clusters", clusters.map(clusterRow), 6);
    fill("jobs", jobs.map(jobRow), 5);
  } catch (error) {
    document.getElementById("server").textContent = `the server does not answer: ${error.message}`;
  }
}

async function loop() {
  if (document.visibilityState === "visible") await refresh();
  setTimeout(loop, 2000);
}
loop();
