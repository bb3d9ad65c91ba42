"""Ray's side of Scripts/compare-with-ray: the metrics of `rayflow bench`, by the same definitions, as JSON on standard output."""
import argparse
import json
import statistics
import sys
import time

import ray

parser = argparse.ArgumentParser()
parser.add_argument("--quick", action="store_true")
parser.add_argument("--folder", required=True)
parser.add_argument("metrics", nargs="+")
arguments = parser.parse_args()
window, windows = (1.0, 1) if arguments.quick else (2.0, 3)
timed_runs = 1 if arguments.quick else 3
results = {}


def note(name, unit, values):
    results[name] = {"median": statistics.median(values), "min": min(values), "max": max(values), "unit": unit}
    print(name, results[name]["median"], unit, file=sys.stderr)


def rate(name, batch, body):
    """Calls per second: `body` makes `batch` calls. 1 s of warm-up, then windows."""
    end = time.perf_counter() + 1
    while time.perf_counter() < end:
        body()
    values = []
    for _ in range(windows):
        start, calls = time.perf_counter(), 0
        while time.perf_counter() < start + window:
            body()
            calls += batch
        values.append(calls / (time.perf_counter() - start))
    note(name, "1/s", values)


def timed(name, unit, value, body):
    """One warm-up, then timed runs."""
    body()
    values = []
    for _ in range(timed_runs):
        start = time.perf_counter()
        body()
        values.append(value(time.perf_counter() - start))
    note(name, unit, values)


@ray.remote
def noop():
    return b"ok"


@ray.remote
def following(x):
    return x + 1


@ray.remote
class Actor:
    def noop(self):
        return b"ok"


start = time.perf_counter()
ray.init(num_cpus=2, _temp_dir=arguments.folder, logging_level="error")
ray.get(noop.remote())
note("init_s", "s", [time.perf_counter() - start])
wanted = set(arguments.metrics)

if "tasks_sync" in wanted:
    rate("tasks_sync", 1, lambda: ray.get(noop.remote()))
if wanted & {"sync_latency_p50", "sync_latency_p99"}:
    times = []
    for _ in range(2_000):
        begun = time.perf_counter()
        ray.get(noop.remote())
        times.append((time.perf_counter() - begun) * 1e6)
    times.sort()
    note("sync_latency_p50", "us", [times[1_000]])
    note("sync_latency_p99", "us", [times[1_980]])
if "tasks_async" in wanted:
    rate("tasks_async", 1_000, lambda: ray.get([noop.remote() for _ in range(1_000)]))
if wanted & {"actor_sync", "actor_async"}:
    actor = Actor.remote()
    ray.get(actor.noop.remote())
    rate("actor_sync", 1, lambda: ray.get(actor.noop.remote()))
    rate("actor_async", 1_000, lambda: ray.get([actor.noop.remote() for _ in range(1_000)]))
    ray.kill(actor)
if "put_small" in wanted:
    rate("put_small", 1, lambda: ray.put(0))
if "get_small" in wanted:
    ref = ray.put(0)
    rate("get_small", 1, lambda: ray.get(ref))
if "wait_1k_refs" in wanted:

    def wait_loop():
        rest = [noop.remote() for _ in range(1_000)]
        while rest:
            _, rest = ray.wait(rest, num_returns=1)

    timed("wait_1k_refs", "1/s", lambda seconds: 1 / seconds, wait_loop)
if "chain_1000" in wanted:

    def chain():
        ref = following.remote(0)
        for _ in range(999):
            ref = following.remote(ref)
        assert ray.get(ref) == 1_000

    timed("chain_1000", "us per task", lambda seconds: seconds * 1e6 / 1_000, chain)
if "fanout_10k" in wanted:
    timed("fanout_10k", "1/s", lambda seconds: 10_000 / seconds, lambda: ray.get([noop.remote() for _ in range(10_000)]))

ray.shutdown()
json.dump(results, sys.stdout)
