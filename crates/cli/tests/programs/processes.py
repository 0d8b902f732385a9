"""Processes below a task, by every way in which Python starts them; what they run is in a module beside the program."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import shapes
from connect import connect


def processes(method, n):
    with multiprocessing.get_context(method).Pool(2) as pool:
        return pool.map(shapes.double, range(n))


def executor(n):
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(shapes.double, range(n)))


def child(method):
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    process = context.Process(target=queue.put, args=("hello",))
    process.start()
    text = queue.get(timeout=60)
    process.join()
    return text, process.exitcode


def main(client):
    for method in ("fork", "spawn", "forkserver"):
        print(method, client.submit(processes, method, 5).result(), client.submit(child, method).result())
    print("executor", client.submit(executor, 5).result())


if __name__ == "__main__":
    with connect() as client:
        main(client)
