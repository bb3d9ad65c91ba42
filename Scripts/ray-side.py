"""Ray's side of Scripts/compare-with-ray: one row of `rayflow bench` by the same definition, as JSON on standard output."""
import argparse
import json
import mmap
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

CPUS = 2
SERVERS = max(1, CPUS // 2)
LARGE, MEDIUM = 100 << 20, 10 << 20  # Elements of 8 bytes.

parser = argparse.ArgumentParser()
parser.add_argument("--quick", action="store_true")
parser.add_argument("--folder")
parser.add_argument("--sample", nargs=2, help="the largest sums over a process and all below it, into a file, until FILE.stop is there")
parser.add_argument("row", nargs="?")
given = parser.parse_args()
RUNS, WINDOW, IDLE = (1, 1.0, 1.0) if given.quick else (3, 2.0, 5.0)
results, rows = {}, {}


# Memory and processes as /proc shows them.


def tree(root, without=()):
    members, children = {}, {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as text:
                    fields = text.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            members[int(name)] = {
                "threads": int(fields[17]), "rss": int(fields[21]) * os.sysconf("SC_PAGE_SIZE"),
                "cpu": (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
            }
            children.setdefault(int(fields[1]), []).append(int(name))
    found, left = {}, [root]
    while left:
        pid = left.pop()
        if pid in members and pid not in without:
            found[pid] = members[pid]
            left += children.get(pid, [])
    return found


def total(members, what):
    return sum(member[what] for member in members.values())


def pss(members):
    found = 0
    for pid in members:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as lines:
                found += next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
        except (OSError, StopIteration):
            pass
    return found


def sample(root, path):
    peak, looks = {"rss": 0, "pss": 0}, 0
    while os.path.exists(f"/proc/{root}") and not os.path.exists(path + ".stop"):
        members = tree(root, without=(os.getpid(),))
        peak["rss"] = max(peak["rss"], total(members, "rss"))
        if looks % 4 == 0:
            peak["pss"] = max(peak["pss"], pss(members))
        looks += 1
        time.sleep(0.25)
    with open(path, "w") as file:
        json.dump(peak, file)


class Peak:
    """The largest sums while its body runs, looked at from another process 4 times (RSS) and once (PSS) a second."""

    def __enter__(self):
        self.path = f"{given.folder}/peak-{time.monotonic_ns()}"
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--sample", str(os.getpid()), self.path])
        return self

    def __exit__(self, *_):
        open(self.path + ".stop", "w").close()
        self.process.wait()
        with open(self.path) as file:
            peak = json.load(file)
        self.rss, self.pss = peak["rss"], peak["pss"]


# How rates and times are taken.


def note(name, values, unit="s"):
    results[name] = {
        "median": statistics.median(values), "mean": statistics.fmean(values), "sd": statistics.pstdev(values), "min": min(values),
        "max": max(values), "unit": unit, "runs": len(values), "values": values,
    }


def rate(name, body, amount=1, unit="1/s"):
    end, calls = time.perf_counter() + 1, 0
    while time.perf_counter() < end:
        body()
        calls += 1
    step, values = calls // 10 + 1, []
    for _ in range(RUNS):
        start, calls = time.perf_counter(), 0
        while time.perf_counter() - start < WINDOW:
            for _ in range(step):
                body()
            calls += step
        values.append(amount * calls / (time.perf_counter() - start))
    note(name, values, unit)


def timed(name, body, unit="s", value=lambda seconds: seconds, warm_up=True):
    if warm_up:
        body()
    values = []
    for _ in range(RUNS):
        start = time.perf_counter()
        body()
        values.append(value(time.perf_counter() - start))
    note(name, values, unit)


def row(function):
    rows[function.__name__] = function
    return function


if given.sample:
    sample(int(given.sample[0]), given.sample[1])
    sys.exit(0)

import ray


def up(**options):
    """A new cluster that has run one task."""
    if ray.is_initialized():
        ray.shutdown()
        time.sleep(1)
    ray.init(num_cpus=CPUS, log_to_driver=False, logging_level="ERROR", _temp_dir=given.folder, **options)
    ray.get(noop.remote())


@ray.remote
def noop():
    return b"ok"


@ray.remote
def identity(x):
    return x


@ray.remote
def add(a, b):
    return a + b


@ray.remote
def count(*xs):
    return len(xs)


@ray.remote
def noops(n):
    ray.get([noop.remote() for _ in range(n)])


@ray.remote
def calls(actors, n):
    ray.get([actors[i % len(actors)].noop.remote() for i in range(n)])


@ray.remote
def puts(arrays, elements):
    for _ in range(arrays):
        ray.put(np.zeros(elements, dtype=np.int64))


@ray.remote
def refs(n):
    return [ray.put(1) for _ in range(n)]


@ray.remote(num_cpus=0)
class Actor:
    def noop(self):
        return b"ok"

    def noop_of(self, x):
        return b"ok"

    def noops(self, n):
        ray.get([noop.remote() for _ in range(n)])

    def put_small(self, n):
        for _ in range(n):
            ray.put(0)

    def get_small(self, n):
        ref = ray.put(0)
        for _ in range(n):
            ray.get(ref)


@ray.remote(num_cpus=0)
class AsyncActor:
    async def noop(self):
        return b"ok"


@ray.remote(num_cpus=0)
class Client:
    def __init__(self, servers):
        self.servers = servers

    def calls(self, n):
        ray.get([server.noop.remote() for server in self.servers for _ in range(n)])

    def calls_with_object(self, n):
        thing = ray.put(0)
        ray.get([server.noop_of.remote(thing) for server in self.servers for _ in range(n)])


# The rows, in the order of `rayflow bench --list`.

FRESH = """
import time; begin = time.perf_counter()
import ray; loaded = time.perf_counter()
ray.init(num_cpus=%d, log_to_driver=False, logging_level="ERROR", _temp_dir=%r); up = time.perf_counter()
@ray.remote
def noop(): return b"ok"
ray.get(noop.remote()); done = time.perf_counter()
ray.shutdown(); down = time.perf_counter()
print("seconds", up - loaded, done - up, down - done)
"""


@row
def init():
    calls_, firsts, ends, wholes = [], [], [], []
    for _ in range(RUNS):
        start = time.perf_counter()
        child = subprocess.run([sys.executable, "-c", FRESH % (CPUS, given.folder)], check=True, stdout=subprocess.PIPE, text=True)
        wholes.append(time.perf_counter() - start)
        call, first, end = (float(word) for word in child.stdout.split("seconds ")[1].split())
        calls_.append(call)
        firsts.append(first)
        ends.append(end)
        time.sleep(1)
    note("init_s", [call + first for call, first in zip(calls_, firsts)])
    note("init_call_s", calls_)
    note("init_first_task_s", firsts)
    note("shutdown_s", ends)
    note("process_total_s", wholes)


@row
def idle():
    """Without this process, the driver, which holds no part of Ray's engine but its library."""
    found = []
    for _ in range(RUNS):
        up()
        time.sleep(IDLE)
        members = tree(os.getpid())
        del members[os.getpid()]
        shared = pss(members)
        start, first = time.perf_counter(), tree(os.getpid())
        time.sleep(IDLE)
        last = tree(os.getpid())
        used = sum(last[pid]["cpu"] - first[pid]["cpu"] for pid in members if pid in first and pid in last)
        share = 100 * used / (time.perf_counter() - start)
        found.append((len(members), total(members, "threads"), total(members, "rss") / 1e6, shared / 1e6, share))
    names = ("idle_processes", "count"), ("idle_threads", "count"), ("idle_rss_mb", "MB"), ("idle_pss_mb", "MB"), ("idle_cpu_pct", "% of one core")
    for (name, unit), values in zip(names, zip(*found)):
        note(name, list(values), unit)


@row
def tasks_sync():
    up()
    rate("tasks_sync", lambda: ray.get(noop.remote()))


@row
def sync_latency():
    up()
    for _ in range(200):
        ray.get(noop.remote())
    p50, p99 = [], []
    for _ in range(RUNS):
        times = []
        for _ in range(2_000):
            start = time.perf_counter()
            ray.get(noop.remote())
            times.append((time.perf_counter() - start) * 1e6)
        times.sort()
        p50.append(times[1_000])
        p99.append(times[1_980])
    note("sync_latency_p50", p50, "us")
    note("sync_latency_p99", p99, "us")


@row
def tasks_async():
    up()
    rate("tasks_async", lambda: ray.get([noop.remote() for _ in range(1_000)]), 1_000)


@row
def multi_client_tasks_async():
    up()
    clients = [Actor.remote() for _ in range(4)]
    ray.get([client.noop.remote() for client in clients])
    timed(
        "multi_client_tasks_async", lambda: ray.get([client.noops.remote(10_000) for client in clients]), "1/s",
        lambda seconds: 40_000 / seconds, warm_up=False)


@row
def actor_sync():
    up()
    actor = Actor.remote()
    rate("actor_sync", lambda: ray.get(actor.noop.remote()))


def in_flight(name, actor):
    rate(name, lambda: ray.get([actor.noop.remote() for _ in range(1_000)]), 1_000)


@row
def actor_async():
    up()
    in_flight("actor_async", Actor.remote())


@row
def actor_concurrent():
    up()
    in_flight("actor_concurrent", Actor.options(max_concurrency=16).remote())


@row
def async_actor_async():
    up()
    in_flight("async_actor_async", AsyncActor.remote())


@row
def one_n_actor_async():
    up()
    client = Client.remote([Actor.remote() for _ in range(SERVERS)])
    rate("one_n_actor_async", lambda: ray.get(client.calls.remote(5_000)), 5_000 * SERVERS)


@row
def n_n_actor_async():
    up()
    actors = [Actor.remote() for _ in range(SERVERS)]
    rate("n_n_actor_async", lambda: ray.get([calls.remote(actors, 5_000) for _ in range(4)]), 20_000)


@row
def actor_async_with_arg():
    up()
    clients = [Client.remote([Actor.remote()]) for _ in range(SERVERS)]
    rate("actor_async_with_arg", lambda: ray.get([client.calls_with_object.remote(1_000) for client in clients]), 1_000 * SERVERS)


@row
def put_small():
    up()
    rate("put_small", lambda: ray.put(0))


@row
def get_small():
    up()
    ref = ray.put(0)
    rate("get_small", lambda: ray.get(ref))


@row
def put_first_800mb():
    array, values = np.ones(LARGE, dtype=np.int64), []
    for _ in range(RUNS):
        up()
        start = time.perf_counter()
        ref = ray.put(array)
        values.append(array.nbytes / 1e9 / (time.perf_counter() - start))
        del ref
    note("put_first_800mb_gbps", values, "GB/s")


@row
def put_gbps():
    up()
    array = np.ones(LARGE, dtype=np.int64)
    rate("put_gbps", lambda: ray.put(array), array.nbytes / 1e9, "GB/s")


@row
def put_80mb_warm_gbps():
    up()
    array = np.ones(MEDIUM, dtype=np.int64)
    for _ in range(10):
        ray.put(array)
    timed("put_80mb_warm_gbps", lambda: [ray.put(array) for _ in range(10)], "GB/s", lambda seconds: 10 * array.nbytes / 1e9 / seconds)


def four_clients(name, work, calls_each):
    up()
    clients = [Actor.remote() for _ in range(4)]
    ray.get([client.noop.remote() for client in clients])
    timed(name, lambda: ray.get([work(client, calls_each) for client in clients]), "1/s", lambda seconds: 4 * calls_each / seconds)


@row
def multi_client_put_small():
    """Fewer calls than on Rayflow's side, where 100,000 take a fraction of a second."""
    four_clients("multi_client_put_small", lambda client, n: client.put_small.remote(n), 2_000)


@row
def multi_client_get_small():
    four_clients("multi_client_get_small", lambda client, n: client.get_small.remote(n), 10_000)


@row
def results_3k():
    up()

    @ray.remote(num_returns=3_000)
    def results():
        return tuple(range(3_000))

    def once():
        assert ray.get(results.remote()) == list(range(3_000))

    timed("results_3k", once)


@row
def get_10k():
    up()
    array = np.ones(200_000, dtype=np.uint8)
    held = [ray.put(array) for _ in range(10_000)]
    timed("get_10k", lambda: ray.get(held))


@row
def waits_1k():
    up()

    def once():
        def wait(pair):
            ray.wait(pair, num_returns=1)

        with ThreadPoolExecutor(1_000) as threads:
            list(threads.map(wait, [[noop.remote(), noop.remote()] for _ in range(1_000)]))

    timed("waits_1k", once)


@row
def memcpy():
    array = np.ones(LARGE, dtype=np.int64)
    target = np.frombuffer(mmap.mmap(-1, array.nbytes), dtype=np.int64)  # shared memory
    start = time.perf_counter()
    np.copyto(target, array)
    note("memcpy_cold_gbps", [array.nbytes / 1e9 / (time.perf_counter() - start)], "GB/s")
    timed("memcpy_warm_gbps", lambda: np.copyto(target, array), "GB/s", lambda seconds: array.nbytes / 1e9 / seconds, warm_up=False)
    part = slice(0, MEDIUM)

    def ten():
        for _ in range(10):
            np.copyto(target[part], array[part])

    timed("memcpy_80mb_warm_gbps", ten, "GB/s", lambda seconds: 80 * MEDIUM / 1e9 / seconds)


@row
def put_multi_gbps():
    up()
    timed("put_multi_gbps", lambda: ray.get([puts.remote(10, MEDIUM) for _ in range(10)]), "GB/s", lambda seconds: 100 * MEDIUM * 8 / 1e9 / seconds)


@row
def get_large():
    up()
    ref = ray.put(np.ones(LARGE, dtype=np.int64))
    rate("get_large", lambda: ray.get(ref))


@row
def wait_1k_refs():
    up()

    def waits():
        rest, fetch = [noop.remote() for _ in range(1_000)], True
        for _ in range(1_000):
            _, rest = ray.wait(rest, fetch_local=fetch)
            fetch = False

    rate("wait_1k_refs", waits)


@row
def get_object_with_10k_refs():
    up()
    thing = refs.remote(10_000)
    rate("get_object_with_10k_refs", lambda: ray.get(thing))


@row
def placement_group_create_remove():
    up(resources={"custom": 100})

    def groups():
        made = [ray.util.placement_group(bundles=[{"custom": 0.001}]) for _ in range(100)]
        for group in made:
            assert group.wait(timeout_seconds=30), "a placement group was not ready after 30 s"
        for group in made:
            ray.util.remove_placement_group(group)

    rate("placement_group_create_remove", groups, 100)


@row
def chain_1000():
    up()

    def chain():
        ref = identity.remote(0)
        for _ in range(999):
            ref = identity.remote(ref)
        ray.get(ref)

    timed("chain_1000", chain, "us per task", lambda seconds: seconds / 1_000 * 1e6)


@row
def fanout_10k():
    up()
    timed("fanout_10k", lambda: ray.get([noop.remote() for _ in range(10_000)]), "1/s", lambda seconds: 10_000 / seconds)


def fan_in(name, n):
    up()
    stored = [ray.put(i) for i in range(n)]
    timed(name, lambda: ray.get(count.remote(*stored)))


@row
def fanin_1000():
    fan_in("fanin_1000", 1_000)


@row
def fanin_10k():
    fan_in("fanin_10k", 10_000)


@row
def tree_reduce_1024():
    up()

    def reduce():
        left = [identity.remote(1) for _ in range(1_024)]
        while len(left) > 1:
            left = [add.remote(a, b) for a, b in zip(left[::2], left[1::2])]
        assert ray.get(left[0]) == 1_024

    timed("tree_reduce_1024", reduce)


@row
def nested():
    up()
    timed("nested_100x10", lambda: ray.get([noops.remote(10) for _ in range(100)]))


@row
def actor_create():
    rates, peaks = [], []
    for _ in range(RUNS):
        up()
        with Peak() as peak:
            start = time.perf_counter()
            actors = [Actor.remote() for _ in range(100)]
            ray.get([actor.noop.remote() for actor in actors])
            rates.append(100 / (time.perf_counter() - start))
        peaks.append(peak.pss / 1e6)
        del actors
    note("actor_create", rates, "1/s")
    note("actor_create_peak_pss_mb", peaks, "MB")


@row
def queued_100k():
    totals, submits, resident, shared = [], [], [], []
    for _ in range(RUNS):
        up()
        ray.get([noop.remote() for _ in range(100)])
        with Peak() as peak:
            start = time.perf_counter()
            queued = [noop.remote() for _ in range(100_000)]
            submits.append(time.perf_counter() - start)
            ray.get(queued)
            totals.append(time.perf_counter() - start)
        resident.append(peak.rss / 1e6)
        shared.append(peak.pss / 1e6)
        del queued
    note("queued_100k", totals)
    note("queued_100k_submit", submits)
    note("queued_100k_peak_rss_mb", resident, "MB")
    note("queued_100k_peak_pss_mb", shared, "MB")


try:
    if given.row not in rows:
        raise SystemExit(f"error: Ray's side has no row {given.row}; there are {', '.join(rows)}")
    rows[given.row]()
except Exception as error:
    results = {given.row: {"error": repr(error)[:300]}}
finally:
    if ray.is_initialized():
        ray.shutdown()
json.dump(results, sys.stdout)
