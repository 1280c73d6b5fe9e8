"""Time and memory against size, ibuild alone: each point one cold build into a new store, or one plan, the better of
two."""

import sys


def files(bench, count):
    return bench.inputs.many_files(f"files-{count}", "FROM scratch\nCOPY . /app/\n", count)


def mebibytes(bench, count):
    return bench.inputs.one_file(f"bytes-{count}", "FROM scratch\nCOPY data.bin /data.bin\n", count << 20)


def steps(bench, count):
    copies = "".join(f"COPY file /file-{number}\n" for number in range(count))
    folder = bench.inputs.context(f"steps-{count}", f"FROM scratch\n{copies}")
    (folder / "file").write_text("content\n")
    return folder


def run_steps(bench, count):
    runs = "".join(f"RUN touch /tmp/{number}\n" for number in range(count))
    return bench.inputs.context(f"runs-{count}", f"FROM {bench.busybox()}\n{runs}")


def base_layers(bench, count):
    base = bench.pushed(f"layered-{count}", lambda: bench.inputs.layered_layout(count))
    return bench.inputs.context(f"layers-{count}", f"FROM {base}\nRUN true\n")


def planned(bench, count):
    kinds = ("COPY file{0} /file{0}", "RUN echo {0} $A", "ENV A=$A{0}", "LABEL name{0}=$A", "WORKDIR /work/{0}")
    lines = "".join(kinds[number % len(kinds)].format(number) + "\n" for number in range(count - 1))
    return bench.inputs.context(f"planned-{count}", f"FROM scratch\n{lines}")


def build(bench, tool, context, name):
    return tool.build(bench.new_store(), context, name=name)


def build_and_push(bench, tool, context, name):
    return tool.build(bench.new_store(), context, name=name, push=True)


def plan(bench, tool, context, name):
    return tool.plan(context / "Dockerfile")


# Series → (maker of the context, points, maker of the command).
SERIES = {
    "files": (files, (1_000, 5_000, 20_000, 50_000, 200_000), build_and_push),
    "MiB in one file": (mebibytes, (10, 100, 400, 4_096), build_and_push),
    "COPY steps": (steps, (10, 100, 1_000), build_and_push),
    "RUN steps": (run_steps, (10, 40, 100), build),
    "base layers": (base_layers, (1, 10, 100), build),
    "instructions planned": (planned, (100, 1_000, 10_000, 100_000), plan),
}


def run_series(bench, tool, scale):
    """Series → [(count, sample)]."""
    results = {}
    for title, (make_context, counts, make_command) in SERIES.items():
        results[title] = []
        for count in sorted({max(1, int(count * min(scale, 1))) for count in counts}):
            context = make_context(bench, count)
            runs = []
            for number in range(2):
                name = bench.name(f"scaling-{make_context.__name__}-{count}-{number}".replace("_", "-"))
                runs.append(bench.stopwatch.measure(make_command(bench, tool, context, name)))
            best = min(runs, key=lambda sample: sample.wall)
            results[title].append((count, best))
            print(f"  {title} {count}: {best.wall:.3f} s, {best.cpu:.3f} s CPU, {best.peak_mib:.0f} MiB", file=sys.stderr)
    return results
