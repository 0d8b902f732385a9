"""Code that runs in the workers and in the scheduler: `run`, plugins with set-up and tear-down, uploaded files."""

import os
import sys

import shapes
from connect import connect, said
from distributed import SchedulerPlugin, WorkerPlugin, get_worker


class Marks(WorkerPlugin):
    name = "marks"

    def __init__(self, folder):
        self.folder = folder

    def setup(self, worker):
        worker.mark = f"set up on {worker.state.nthreads} thread"
        open(os.path.join(self.folder, f"up-{os.getpid()}"), "w").close()

    def teardown(self, worker):
        del worker.mark
        open(os.path.join(self.folder, f"down-{os.getpid()}"), "w").close()

    def transition(self, key, start, finish, **kwargs):
        if finish == "memory":
            self.seen = getattr(self, "seen", 0) + 1


class Broken(WorkerPlugin):
    def setup(self, worker):
        raise RuntimeError("no set-up today")


class Leaves(SchedulerPlugin):
    name = "leaves"

    async def start(self, scheduler):
        scheduler.extensions["leaves"] = "here"

    def remove_worker(self, scheduler, worker, **kwargs):
        scheduler.log_event("left", "a worker left")


def fails():
    raise LookupError("not in this worker")


async def name(dask_worker):
    return type(dask_worker.state).__name__


def count(folder, prefix):
    return sum(1 for file in os.listdir(folder) if file.startswith(prefix))


def main(client):
    print("run", sorted(client.run(lambda a, b: a + b, 1, b=2).values()))
    print("run, a coroutine", set(client.run(name).values()))
    print("run on the scheduler", client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.workers)))
    for answer in (client.run, client.run_on_scheduler):
        try:
            answer(fails)
        except LookupError as error:
            print("raised", said(error))
    print("returned", {said(e) for e in client.run(fails, on_error="return").values()})
    print("same folder", set(client.run(os.getcwd).values()) == {os.getcwd()}, client.run_on_scheduler(os.getcwd) == os.getcwd())
    print("same interpreter", set(client.run(lambda: sys.executable).values()) == {sys.executable})

    folder = os.path.abspath("marks")
    os.mkdir(folder)
    print("register", sorted(v["status"] for v in client.register_plugin(Marks(folder)).values()))
    print("plugin", client.submit(lambda: get_worker().mark).result(), count(folder, "up-"))
    client.gather(client.map(abs, range(-20, 0)))
    print("transitions", sum(client.run(lambda dask_worker: dask_worker.plugins["marks"].seen).values()))
    client.unregister_worker_plugin("marks")
    print("plugin gone", set(client.run(lambda dask_worker: hasattr(dask_worker, "mark")).values()), count(folder, "down-"))
    try:
        client.register_plugin(Broken())
    except RuntimeError as error:
        print("broken plugin", said(error))

    client.register_plugin(shapes.Counts())
    boxes = client.gather(client.map(shapes.grow, client.scatter([shapes.Box(n) for n in range(5)], hash=False), [1] * 5))
    print("boxes", [box.size for box in boxes], boxes[0] == shapes.Box(1))
    print("counted", client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.plugins["counts"].done) >= 5)
    client.register_plugin(Leaves())
    print("scheduler plugin", client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.extensions["leaves"]))
    client.unregister_scheduler_plugin("leaves")
    box = client.submit(lambda: shapes.Box(3), pure=False)
    print("box in the scheduler", client.run_on_scheduler(lambda b: b.size, shapes.Box(9)), box.result().size)
    try:
        client.submit(lambda: (_ for _ in ()).throw(shapes.TooBig(shapes.Box(3), 2))).result()
    except shapes.TooBig as error:
        print("own exception", error.limit, error.args[0].size)

    with open("later.py", "w") as file:
        file.write("def answer():\n    return 42\n")
    os.mkdir("elsewhere")
    os.rename("later.py", "elsewhere/later.py")
    print("upload", sorted(v["status"] for v in client.upload_file("elsewhere/later.py").values()))
    print("uploaded", client.submit(lambda: __import__("later").answer()).result(), set(client.run(lambda: __import__("later").answer()).values()))

    print("versions", sorted(client.get_versions(check=True)))
    print("logs", sorted(len(v) > 0 for v in client.get_worker_logs().values()), len(client.get_scheduler_logs()) > 0)
    print("threads", sorted(client.nthreads().values()), sorted(client.ncores().values()))
    info = client.scheduler_info(n_workers=-1)
    print("scheduler info", info["type"], len(info["workers"]))
    client.dump_cluster_state("dump", format="yaml")
    print("dump", os.path.exists("dump.yaml"))


if __name__ == "__main__":
    with connect() as client:
        main(client)
