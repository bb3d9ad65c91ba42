"""Runs the rows of `rayflow bench` and of Scripts/ray-side.py in turn and prints both; started by Scripts/compare-with-ray."""
import argparse
import ctypes
import importlib.metadata
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# Seconds that one row may take on Ray's side: creating 100 actors or queueing 100,000 tasks takes minutes there.
RAY_LIMIT = 900
# Rows that Ray is not asked for: no comparable notion, or (a million queued tasks) a quarter of an hour and tens of gigabytes.
RAYFLOW_ONLY = {"queued_1m", "tiers_text", "tiers_noise"}
# Before a row the machine has to be this idle for a second, or so many seconds are over.
QUIET_BUSY, QUIET_SECONDS = 0.12, 60


def arguments():
    parser = argparse.ArgumentParser(
        prog="Scripts/compare-with-ray", description="Measure Rayflow and Ray on this machine, row by row in turn. Nothing else should run.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="rows or metrics, as `rayflow bench --list` names them; all by default")
    parser.add_argument("--quick", action="store_true", help="one run instead of three, windows of 1 s, no wait for a quiet machine")
    parser.add_argument("--list", action="store_true", help="list the rows and end")
    parser.add_argument("--out", metavar="FILE", help="where the figures go as JSON (.build/compare-with-ray.json)")
    parser.add_argument("--rayflow", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    known = json.loads(subprocess.run([given.rayflow, "bench", "--list", "--json"], check=True, stdout=subprocess.PIPE).stdout)
    known = [row for row in known if not row["row"].startswith("steps_")]
    if given.list:
        for row in known:
            print(f"{row['row']:32}{row['measures']}" + (" (Rayflow only)" if row["row"] in RAYFLOW_ONLY else ""))
        sys.exit(0)
    for name in given.rows:
        if not any(name == row["row"] or name in row["metrics"] for row in known):
            parser.error(f"there is no row {name}; there are {', '.join(row['row'] for row in known)}")
    chosen = [row for row in known if not given.rows or row["row"] in given.rows or set(row["metrics"]) & set(given.rows)]
    return given, chosen


def machine():
    with open("/proc/cpuinfo") as lines:
        models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cores": os.cpu_count(), "processor": models[0] if models else platform.machine(), "system": platform.platform(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1), "python": platform.python_version(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def busy():
    """The share of processor time that the machine used in one second."""

    def look():
        with open("/proc/stat") as lines:
            values = [int(word) for word in lines.readline().split()[1:9]]
        return sum(values), values[3] + values[4]

    first = look()
    time.sleep(1)
    last = look()
    return 1 - (last[1] - first[1]) / max(1, last[0] - first[0])


def wait_until_quiet():
    end = time.monotonic() + QUIET_SECONDS
    while (share := busy()) >= QUIET_BUSY and time.monotonic() < end:
        pass
    return round(share, 3)


def descendants():
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as text:
                    fields = text.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(name))
    found, left = [], [os.getpid()]
    while left:
        children = parents.get(left.pop(), [])
        found += children
        left += children
    return found


def end_all():
    """Nothing that was started here is left: orphans become children of this process, which is their subreaper."""
    while pids := descendants():
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        try:
            while os.waitpid(-1, 0)[0]:
                pass
        except ChildProcessError:
            pass


libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def run(command, limit, environment=None):
    """The JSON object that the command prints, or {"error": …}."""
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment, preexec_fn=die_with_parent, text=True)
    try:
        text, _ = child.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        return {"error": f"took longer than {limit} s"}
    try:
        # Ray prints warnings of its processes before it.
        return json.loads(text[text.rfind("\n{") + 1:])
    except ValueError:
        return {"error": f"ended with {child.returncode} and gave no figures"}


def side(found, row, metric):
    """One metric of one side's answer."""
    if metric in found:
        return found[metric]
    error = found.get("error") or found.get(row["row"], {}).get("error")
    return {"error": error} if error else None


def number(value):
    return "failed" if value and "error" in value else f"{value['median']:,.4g}" if value else "-"


def ratio(ours, theirs):
    """How many times better Rayflow is: rates want to be large, everything else small."""
    if not ours or not theirs or "error" in ours or "error" in theirs or not ours["median"] or not theirs["median"]:
        return None
    larger = ours["unit"].endswith("/s")
    return ours["median"] / theirs["median"] if larger else theirs["median"] / ours["median"]


def main():
    given, rows = arguments()
    if given.check:
        return
    ray = importlib.metadata.version("ray")
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signals = signal.SIGTERM, signal.SIGHUP, signal.SIGINT
    for number_ in signals:
        signal.signal(number_, lambda got, _: sys.exit(128 + got))
    # Ray's sockets have paths of up to 107 bytes: its folder is a short one.
    folder = tempfile.mkdtemp(prefix="rf-ray-", dir="/tmp")
    environment = dict(os.environ, RAY_USAGE_STATS_ENABLED="0", RAY_DISABLE_IMPORT_WARNING="1", RAY_TMPDIR=folder)
    version = subprocess.run([given.rayflow, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    result = {"machine": machine(), "rayflow": version, "ray": ray, "quick": given.quick, "metrics": {}}
    failed = False
    print(f"{result['machine']['cores']} cores ({result['machine']['processor']}), Rayflow {version}, Ray {ray}; medians")
    print(f"{'metric':34}{'Rayflow':>12}{'Ray':>12}{'ratio':>10}  unit", flush=True)
    try:
        for row in rows:
            name, quick = row["row"], ["--quick"] if given.quick else []
            found, quiet = {}, {}
            for which, command, limit, surroundings in (
                ("rayflow", [given.rayflow, "bench", "--json", "--only", name, *quick], 4 * row["limit_s"], None),
                ("ray", [sys.executable, f"{HERE}/ray-side.py", "--folder", folder, name, *quick], RAY_LIMIT, environment),
            ):
                found[which] = {}
                if which == "ray" and name in RAYFLOW_ONLY:
                    continue
                quiet[which] = None if given.quick else wait_until_quiet()
                found[which] = run(command, limit, surroundings)
                end_all()
            for metric in row["metrics"]:
                if given.rows and name not in given.rows and metric not in given.rows:
                    continue
                ours, theirs = side(found["rayflow"], row, metric), side(found["ray"], row, metric)
                times = ratio(ours, theirs)
                failed |= any(value and "error" in value for value in (ours, theirs))
                unit = next((value["unit"] for value in (ours, theirs) if value and "unit" in value), "")
                result["metrics"][metric] = {"rayflow": ours, "ray": theirs, "ratio": times, "busy_before": quiet}
                print(f"{metric:34}{number(ours):>12}{number(theirs):>12}{f'{times:,.1f}x' if times else '-':>10}  {unit}", flush=True)
                for which, value in (("Rayflow", ours), ("Ray", theirs)):
                    if value and "error" in value:
                        print(f"error: {metric}: {which}: {value['error']}", file=sys.stderr)
            if given.out:
                # After each row, so that a run that is stopped keeps what it has.
                with open(given.out, "w") as file:
                    json.dump(result, file, indent=1)
                    file.write("\n")
    finally:
        for number_ in signals:
            signal.signal(number_, signal.SIG_IGN)
        end_all()
        shutil.rmtree(folder, ignore_errors=True)
    if given.out:
        print(f"figures of all runs: {given.out}", file=sys.stderr)
    sys.exit(5 if failed else 0)


if __name__ == "__main__":
    main()
