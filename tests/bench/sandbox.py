"""What a RUN costs in each isolation profile, ibuild alone: builds of so many steps of `true` without cache, the better
of two. Whatever the steps leave behind ends the benchmark."""

import dataclasses
import os
import pathlib
import shutil
import sys

from measure import Command

COUNTS = (1, 100, 1_000)
NOBODY = "65534"

# Ranges for nobody, or none, in a mount namespace of its own; the words after it are the program.
AS_NOBODY = """set -e; f=$(mktemp); chmod 644 $f; echo '{ranges}' >$f
mount --bind $f /etc/subuid; mount --bind $f /etc/subgid; rm -f $f
exec setpriv --reuid {id} --regid {id} --clear-groups env HOME="$BENCH_HOME" "$@" """


@dataclasses.dataclass(frozen=True)
class Profile:
    title: str
    isolation: str
    ranges: str = None  # of nobody, who builds; None: whoever measures builds

    def around(self):
        if self.ranges is None:
            return []
        script = AS_NOBODY.format(ranges=self.ranges, id=NOBODY)
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]


PROFILES = [
    Profile("root (at most 8 ms)", "root"),
    Profile("rootless with ranges (at most 10 ms)", "rootless", f"{NOBODY}:200000:65536"),
    Profile("rootless with one id (at most 10 ms)", "rootless", ""),
    Profile("shared-pids with ranges", "shared-pids", f"{NOBODY}:200000:65536"),
    Profile("chroot", "chroot"),
]


class Place:
    """A folder with a program, a store and a context that the user of the profile can reach."""

    def __init__(self, bench, tool, profile):
        self._profile = profile
        self._folder = bench.new_store()
        self.program = self._folder / "ibuild"
        self._store = self._folder / "store"
        self._home = self._folder / "home"
        for folder in (self._folder, self._store, self._home):
            folder.mkdir()
            if profile.ranges is not None:
                shutil.chown(folder, int(NOBODY), int(NOBODY))
        shutil.copy(tool.program, self.program)

    def build(self, bench, count):
        # Not below the folder of all contexts, which is not for others to read.
        context = self._folder / f"context-{count}"
        context.mkdir(exist_ok=True)
        (context / "Dockerfile").write_text(f"FROM {bench.busybox()}\n" + "RUN true\n" * count)
        argv = [*self._profile.around(), self.program, "build", "-q", "--no-cache", "--isolation",
                self._profile.isolation, "-t", "localhost/sandbox:1", context]
        return Command([str(word) for word in argv],
                       {"IBUILD_ROOT": str(self._store), "BENCH_HOME": str(self._home), "TMPDIR": "/tmp"})

    def left(self):
        """What is there that should not be there after a build: words for people."""
        found = [f"the mount {line}" for line in lines("/proc/self/mountinfo") if str(self._folder) in line]
        found += [f"the temporary {path}" for path in (self._store / "tmp").iterdir()]
        for exe in pathlib.Path("/proc").glob("[0-9]*/exe"):
            try:
                if os.readlink(exe).startswith(str(self._folder)):
                    found.append(f"the process {exe.parent.name}")
            except OSError:
                pass  # gone, or a thread of the kernel
        return found


def lines(path):
    return pathlib.Path(path).read_text(encoding="utf-8", errors="replace").splitlines()


def cgroups():
    return {str(path) for path in pathlib.Path("/sys/fs/cgroup").rglob("*ibuild*") if path.is_dir()}


def run_profiles(bench, tool, scale):
    """Series → [(count, sample)]."""
    if os.geteuid() != 0:
        sys.exit("bench: sandbox takes root, which becomes other users")
    bench.work.chmod(0o755)
    results = {}
    for profile in PROFILES:
        title = f"RUN true, {profile.title}"
        if profile.ranges and not shutil.which("newuidmap"):
            print(f"  {title}: left out, newuidmap (package uidmap) is missing", file=sys.stderr)
            continue
        place = Place(bench, tool, profile)
        bench.stopwatch.measure(place.build(bench, 1))  # the base is there then
        before = cgroups()
        results[title] = []
        for count in sorted({max(1, int(count * min(scale, 1))) for count in COUNTS}):
            runs = [bench.stopwatch.measure(place.build(bench, count)) for _ in range(2)]
            best = min(runs, key=lambda sample: sample.wall)
            results[title].append((count, best))
            print(f"  {title} {count}: {best.wall:.3f} s, {best.wall / count * 1000:.2f} ms each", file=sys.stderr)
            left = place.left() + [f"the cgroup {path}" for path in cgroups() - before]
            if left:
                sys.exit(f"bench: {title}: {count} steps left {left[0]} and {len(left) - 1} more")
    return results
