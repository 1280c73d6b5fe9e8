"""The workloads. Each run of a cold one has a store and a name of its own."""

import dataclasses
import json
import pathlib
import subprocess

from inputs import Inputs
from measure import Stopwatch
from registry import Registry
from tools import Curl


class Bench:
    """Where a run of the benchmark works, and what several workloads share."""

    def __init__(self, work: pathlib.Path, registry: Registry, inputs: Inputs, stopwatch: Stopwatch):
        self.work = work
        self.registry = registry
        self.inputs = inputs
        self.stopwatch = stopwatch
        self._pushed = {}
        self._stores = 0

    def new_store(self):
        self._stores += 1
        return self.work / f"store-{self._stores}"

    def name(self, repository):
        return f"{self.registry.address}/{repository}:1"

    def pushed(self, repository, make_layout):
        """The name under which a base lies in the registry."""
        if repository not in self._pushed:
            self._pushed[repository] = self.name(repository)
            subprocess.run(["skopeo", "copy", "-q", "--dest-tls-verify=false", f"oci:{make_layout()}",
                            f"docker://{self.name(repository)}"], check=True)
        return self._pushed[repository]

    def large(self):
        """500 MB in 5 layers."""
        size = max(1 << 20, int(100_000_000 * self.inputs.scale))
        return self.pushed("large", lambda: self.inputs.large_layout(5, size))

    def blob_urls(self, name):
        repository = name.removeprefix(self.registry.address).rsplit(":", 1)[0]
        manifest = json.loads(subprocess.check_output(
            ["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{name}"]))
        origin = f"http://{self.registry.address}/v2{repository}/blobs"
        return [f"{origin}/{blob['digest']}" for blob in (manifest["config"], *manifest["layers"])]

    def busybox(self):
        return self.pushed("busybox", self.inputs.busybox_layout)

    def python(self):
        return self.pushed("python", self.inputs.base_layout)


@dataclasses.dataclass(frozen=True)
class State:
    """What a tool keeps from run to run."""

    store: pathlib.Path
    context: pathlib.Path


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    title: str
    target: str  # what ibuild is to reach on a machine of two cores, and "" where nothing is set
    make_context: callable  # (bench, name) → folder
    cold: bool = False  # an empty store for each run
    push: bool = False
    edit: str = ""  # this file changes before each run
    options: tuple = ()
    slow_for_peers: bool = False
    unknown_to_peers: bool = False  # they refuse an instruction of it

    def tools(self, tools):
        """Those that take part."""
        return [tool for tool in tools if tool.is_ibuild or not self.unknown_to_peers]

    def prepare(self, bench, tool):
        context = self.make_context(bench, f"{self.name}-{slug(tool)}")
        state = State(bench.new_store(), context)
        if not self.cold:
            for _ in range(2):
                bench.stopwatch.measure(self._command(bench, tool, state, f"warm-{self.name}"))
        return state

    def before_run(self, bench, tool, state, number):
        repository = f"warm-{self.name}"
        if self.cold:
            repository = f"{self.name}-{slug(tool)}-{number}"
            state = State(bench.new_store(), state.context)
        if self.edit:
            (state.context / self.edit).write_text(f"print({tool.name!r}, {number})\n")
        return self._command(bench, tool, state, repository)

    def _command(self, bench, tool, state, repository):
        return tool.build(state.store, state.context, *self.options, name=bench.name(repository), push=self.push)


@dataclasses.dataclass(frozen=True)
class Pull:
    """A whole image into an empty store."""

    name: str
    title: str
    target: str
    slow_for_peers: bool = False

    def tools(self, tools):
        return [*(tool for tool in tools if tool.is_ibuild), Curl()]

    def prepare(self, bench, _tool):
        return bench.large()

    def before_run(self, bench, tool, image, _number):
        return tool.pull(bench.new_store(), image if tool.is_ibuild else bench.blob_urls(image))


@dataclasses.dataclass(frozen=True)
class PushAgain:
    """An image that the registry has, by somebody who does not know that."""

    name: str
    title: str
    target: str
    slow_for_peers: bool = False

    def tools(self, tools):
        return [tool for tool in tools if tool.is_ibuild]

    def prepare(self, bench, tool):
        store = bench.new_store()
        bench.stopwatch.measure(tool.pull(store, bench.large()))
        bench.stopwatch.measure(tool.push(store, bench.large(), bench.name("large-again")))
        return store

    def before_run(self, bench, tool, store, _number):
        return tool.push(store, bench.large(), bench.name("large-again"))


def slug(tool):
    return "".join(letter if letter.isalnum() else "-" for letter in tool.name).strip("-")


def flask(bench, name):
    return bench.inputs.flask_app(name, bench.python())


def copy_on_python(instruction):
    def make(bench, name):
        folder = bench.inputs.context(name, f"FROM {bench.python()}\n{instruction}\n")
        (folder / "app.py").write_text("print('hello')\n")
        return folder

    return make


def many_files(bench, name):
    count = max(100, int(50_000 * bench.inputs.scale))
    return bench.inputs.many_files(name, "FROM scratch\nCOPY . /app/\n", count)


def one_large_file(bench, name):
    size = max(1 << 20, int((1 << 30) * bench.inputs.scale))
    return bench.inputs.one_file(name, "FROM scratch\nCOPY data.bin /data.bin\n", size)


def twenty_runs(bench, name):
    return bench.inputs.context(name, f"FROM {bench.busybox()}\n" + "RUN true\n" * 20)


def four_sleeps(bench, name):
    base = bench.busybox()
    stages = "".join(f"FROM {base} AS s{i}\nRUN sleep 2 && touch /tmp/s{i}\n" for i in range(4))
    copies = "".join(f"COPY --from=s{i} /tmp/s{i} /s{i}\n" for i in range(4))
    return bench.inputs.context(name, f"{stages}FROM {base}\n{copies}")


WORKLOADS = [
    Workload("noop", "no-op rebuild of the Flask app", "0.008 s", flask),
    Workload("noop-push", "the same, pushed, nothing changed", "0.020 s", flask, push=True),
    Workload("edit", "the same after editing `app.py`", "0.020 s", flask, edit="app.py"),
    Workload("noop-files", "no-op rebuild, context of 50,000 files (300 MB)", "0.15 s", many_files,
             slow_for_peers=True),
    Workload("runs", "20 RUN steps of `true`, no cache", "0.20 s", twenty_runs, options=("--no-cache",)),
    Workload("sleeps", "4 independent stages of `sleep 2`, joined by COPY --from", "2.06 s", four_sleeps,
             options=("--no-cache",)),
    Workload("copy-files", "COPY of 50,000 small files (300 MB), cold, pushed", "3 s", many_files, cold=True, push=True,
             slow_for_peers=True),
    Workload("copy-large", "COPY of one half-compressible 1 GiB file, cold, pushed", "5 s", one_large_file, cold=True,
             push=True, slow_for_peers=True),
    Workload("base-link", "empty store, base of 225 MB in 4 layers, COPY --link, pushed to the same registry", "0.10 s",
             copy_on_python("COPY --link app.py /app/"), cold=True, push=True, unknown_to_peers=True),
    Workload("base-push", "the same with a plain COPY, which has to know the base's files", "",
             copy_on_python("COPY app.py /app/"), cold=True, push=True),
    Workload("base-store", "empty store, the same base, + COPY, into the local store", "0.8 s",
             copy_on_python("COPY app.py /app/"), cold=True),
    Workload("base-run", "empty store, the same base, + RUN true", "2.2 s", copy_on_python("RUN true"), cold=True),
    Workload("flask-cold", "the whole Flask app from an empty store, pushed", "2.2 s", flask, cold=True, push=True),
    Pull("pull-large", "pull of 500 MB in 5 layers into an empty store", "1.3 times curl"),
    PushAgain("push-again", "push of the same, which is there already", "0.05 s"),
]
