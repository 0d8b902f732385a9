"""The part of Caddis that runs inside the user's Python, next to Dask.

    forkserver, warm   one imported, single-threaded process that forks members on request
    spawn              the same members in a fresh interpreter, where forking cannot serve
    member             what every member does before it is a scheduler, a worker or a job
    scheduler, worker  real Dask servers behind `service` (signals, hard end) and `guard` (the secret)
    job, outcome       the user's script, run as `python job.py` would, and how it ended
    beside, claims   a script's own modules on a cluster that was not made for it
    link, snapshot, drain, lease   what the scheduler tells the server, and what it lets itself be told

Deliberately absent: any change to Dask's classes, any scheduling, any listening on more than loopback. Pure
Python, no dependency but Dask's own; the binary carries these files and puts the folder on `PYTHONPATH`.
"""
