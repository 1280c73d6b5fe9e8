"""The programs that are measured, each with a way to write the same build."""

import shlex
import shutil
import subprocess

from measure import Command


class Ibuild:
    is_ibuild = True

    def __init__(self, name, program):
        self.name = name
        self.program = str(program)

    def build(self, store, context, *options, name, push=False):
        argv = [self.program, "-q", *options, "-t", name, *(["--push"] if push else []), str(context)]
        return Command(argv, {"IBUILD_ROOT": str(store)})

    def pull(self, store, name):
        return Command([self.program, "pull", "-q", name], {"IBUILD_ROOT": str(store)})

    def push(self, store, name, destination):
        return Command([self.program, "push", "-q", name, destination], {"IBUILD_ROOT": str(store)})

    def plan(self, dockerfile):
        return Command([self.program, "debug", "plan", str(dockerfile)], {})

    def remove_stores(self):
        pass  # plain directories


class Buildah:
    is_ibuild = False
    name = "buildah"

    def __init__(self):
        self._stores = set()
        self._isolation = None

    def choose_isolation(self, bench):
        """The default, and where that cannot run a step on this machine, chroot."""
        context = bench.inputs.context("isolation", f"FROM {bench.busybox()}\nRUN true\n")
        for self._isolation in ("oci", "chroot"):
            command = self.build(bench.new_store(), context, name="isolation")
            if subprocess.run(command.argv, capture_output=True, check=False).returncode == 0:
                break
        self.name = f"buildah ({self._isolation})"

    def build(self, store, context, *options, name, push=False):
        self._stores.add(store)
        buildah = ["buildah", "--root", str(store / "root"), "--runroot", str(store / "run")]
        build = [*buildah, "build", "-q", "--layers", "--tls-verify=false", "--isolation", self._isolation,
                 *options, "-t", name, str(context)]
        if not push:
            return Command(build, {})
        push = [*buildah, "push", "-q", "--tls-verify=false", name]
        return Command(["sh", "-c", f"{shlex.join(build)} && {shlex.join(push)}"], {})

    def remove_stores(self):
        for store in self._stores:
            # Its overlays stay mounted until it is told to give them up.
            subprocess.run(["buildah", "--root", store / "root", "--runroot", store / "run", "umount", "-a"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            subprocess.run(["umount", "-q", store / "root/overlay"], stderr=subprocess.DEVNULL, check=False)
            shutil.rmtree(store, ignore_errors=True)


class Curl:
    """What the network and SHA-256 take: the same blobs, all at once, each through sha256sum."""

    is_ibuild = False
    name = "curl and sha256sum"

    def pull(self, store, urls):
        store.mkdir()
        fetch = [f"curl -sf {shlex.quote(url)} | tee {store / str(number)} | sha256sum &"
                 for number, url in enumerate(urls)]
        return Command(["sh", "-c", "\n".join([*fetch, "wait"])], {})
