"""The figures as JSON and as Markdown tables."""

import dataclasses
import json
import os
import statistics


def median(samples, field):
    return statistics.median(getattr(sample, field) for sample in samples)


def workload_table(known, results):
    lines = ["| workload | target | tool | wall | CPU | peak memory | wall beside ibuild's |", "|---|---|---|---|---|---|---|"]
    for name, samples in results.items():
        own = median(next(iter(samples.values())), "wall")
        for number, (tool, runs) in enumerate(samples.items()):
            title, target = (known[name].title, known[name].target) if number == 0 else ("", "")
            lines.append(f"| {title} | {target} | {tool} | {median(runs, 'wall'):.3f} s | {median(runs, 'cpu'):.3f} s "
                         f"| {median(runs, 'peak_mib'):.0f} MiB | {median(runs, 'wall') / own:.1f} |")
    return lines


def series_table(series):
    lines = ["| series | count | wall | CPU | peak memory | wall for each |", "|---|---|---|---|---|---|"]
    for title, points in series.items():
        for count, sample in points:
            lines.append(f"| {title} | {count} | {sample.wall:.3f} s | {sample.cpu:.3f} s | {sample.peak_mib:.0f} MiB "
                         f"| {sample.wall / count * 1000:.3f} ms |")
    return lines


def write_report(folder, known, results, series, scale):
    """Writes results.json and results.md; gives the tables."""
    tables = [f"Medians of whole processes on {os.cpu_count()} processors"
              + ("" if scale == 1 else f", sizes times {scale}") + ".", ""]
    if results:
        tables += workload_table(known, results)
    if series:
        tables += ["", *series_table(series)]
    written = {
        "processors": os.cpu_count(),
        "scale": scale,
        "workloads": {name: {tool: [dataclasses.asdict(sample) for sample in runs] for tool, runs in samples.items()}
                      for name, samples in results.items()},
        "scaling": {title: [{"count": count, **dataclasses.asdict(sample)} for count, sample in points]
                    for title, points in series.items()},
    }
    (folder / "results.json").write_text(json.dumps(written, indent=1) + "\n")
    text = "\n".join(tables) + "\n"
    (folder / "results.md").write_text(text)
    return text
