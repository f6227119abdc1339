"""A search in parts: by processes here, by the tasks of a Slurm array, or by whatever runs a function elsewhere. What a part
found is a file; a part whose file is there is not searched again, so that a sweep goes on where it was stopped.

    sweep.py PLAN.yaml FOLDER [--parts 64] [--workers 4]     all parts, then the answer
    sweep.py PLAN.yaml FOLDER --parts 64 --part K            one part: --part $SLURM_ARRAY_TASK_ID
    sweep.py PLAN.yaml FOLDER --parts 64 --workers 0         the answer alone, once all parts are there

Any division gives the same bits. With Dask: client.map(part, *zip(*jobs)); with Ray: ray.remote(part).remote(*job).
"""
import argparse
import multiprocessing
import os
import sys
from pathlib import Path

import speedup


def path_of(folder: str, number: int, parts: int) -> Path:
    return Path(folder) / f"part-{number}-of-{parts}"


def part(plan: str, folder: str, number: int, parts: int) -> int:
    """Searches one part, unless its file is there; a file is whole or not at all."""
    path = path_of(folder, number, parts)
    if path.exists():
        return number
    space = speedup.Space(plan)
    size = len(space)
    found = space.search(number * size // parts, (number + 1) * size // parts)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.write_bytes(found.to_bytes())
    unfinished.replace(path)
    return number


def merged(plan: str, folder: str, parts: int) -> speedup.Result:
    space = speedup.Space(plan)
    result = space.result(path_of(folder, 0, parts).read_bytes())
    for number in range(1, parts):
        result = result.merge(space.result(path_of(folder, number, parts).read_bytes()))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("plan")
    parser.add_argument("folder")
    parser.add_argument("--parts", type=int, default=64)
    parser.add_argument("--part", type=int, help="search this one alone, from 0")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    Path(asked.folder).mkdir(parents=True, exist_ok=True)
    if asked.part is not None:
        part(asked.plan, asked.folder, asked.part, asked.parts)
        return
    if asked.workers:
        jobs = [(asked.plan, asked.folder, number, asked.parts) for number in range(asked.parts)]
        with multiprocessing.get_context("spawn").Pool(asked.workers) as pool:
            done = pool.starmap_async(part, jobs, chunksize=1)
            while not done.ready():
                done.wait(1)
                if sys.stderr.isatty():
                    there = sum(path_of(asked.folder, number, asked.parts).exists() for number in range(asked.parts))
                    print(f"\r{there} of {asked.parts} parts", end="", file=sys.stderr)
            done.get()
    result = merged(asked.plan, asked.folder, asked.parts)
    print(f"{result.counts['feasible']} of {result.counts['size']} plans are possible")
    for place, plan in enumerate(result.best):
        print(f"best {place}: plan {plan.index}, {plan.estimate['step_seconds']!r} s a step")


if __name__ == "__main__":
    main()
