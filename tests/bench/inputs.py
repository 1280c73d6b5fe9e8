"""What is built: contexts and bases. Contexts are made anew; the large base is kept for the next time."""

import hashlib
import json
import pathlib
import random
import shutil
import subprocess
import tarfile

BASE_PACKAGES = ["python3", "python3-pip", "python3-flask", "python-is-python3"]
# With these the base has the size of python:3.7's, about 225 MB compressed.
MORE_PACKAGES = ["build-essential", "git", "curl", "ca-certificates", "libpq-dev", "libssl-dev", "libxml2-dev",
                 "libxslt1-dev"]
BASE_LAYERS = 4
WORDS = [f"{a}{b}" for a in ("re", "con", "de", "in", "ex", "pro", "un", "trans") for b in
         ("form", "tain", "port", "ject", "duct", "spect", "mit", "scribe", "turn", "pose", "verse", "ply")]


class Inputs:
    def __init__(self, kept, work, scale):
        self._kept = kept
        self._work = work / "contexts"
        self.scale = scale
        self._work.mkdir(parents=True)

    def context(self, name, dockerfile):
        """A new folder with a Dockerfile."""
        folder = self._work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "Dockerfile").write_text(dockerfile)
        return folder

    def flask_app(self, name, base):
        folder = self.context(name, f"FROM {base}\nWORKDIR /app\nCOPY requirements.txt .\n"
                                    "RUN pip install -r requirements.txt\nCOPY . .\nEXPOSE 8000\n"
                                    'CMD ["python", "app.py"]\n')
        (folder / "requirements.txt").write_text("flask\n")
        (folder / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
        return folder

    def many_files(self, name, dockerfile, count):
        """Texts of 6 kB each in folders of 100."""
        folder = self.context(name, dockerfile)
        rng = random.Random(count)
        for number in range(count):
            place = folder / f"src/{number // 100:04}"
            if number % 100 == 0:
                place.mkdir(parents=True)
            (place / f"module_{number:06}.txt").write_text(text(rng, 6000))
        return folder

    def one_file(self, name, dockerfile, size):
        """Half of it random, half of it text that compresses well."""
        folder = self.context(name, dockerfile)
        rng = random.Random(size)
        with open(folder / "data.bin", "wb") as out:
            left = size
            while left > 0:
                chunk = rng.randbytes(32 << 10) + (text(rng, 1024) * 32).encode()
                out.write(chunk[:left])
                left -= len(chunk)
        return folder

    def busybox_layout(self):
        """An OCI layout of busybox alone."""
        layout = self._work / "busybox-layout"
        tar_path = self._work / "busybox.tar"
        with tarfile.open(tar_path, "w", format=tarfile.PAX_FORMAT) as tar:
            for directory in ("bin", "etc", "tmp"):
                info = tarfile.TarInfo(directory)
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(info)
            tar.add("/bin/busybox", "bin/busybox")
            for applet in ("sh", "true", "sleep", "cat", "touch"):
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        write_layout(layout, [tar_path])
        return layout

    def layered_layout(self, count):
        """busybox and count - 1 layers of ten small files."""
        self.busybox_layout()
        tars = [self._work / "busybox.tar"]
        for number in range(1, count):
            tars.append(self._work / f"layer-{number}.tar")
            folder = self._work / f"layer-{number}"
            folder.mkdir(exist_ok=True)
            for file in range(10):
                (folder / f"file-{file}").write_text(f"{number} {file}\n")
            with tarfile.open(tars[-1], "w", format=tarfile.PAX_FORMAT) as tar:
                tar.add(folder, f"data/{number}")
        layout = self._work / f"layered-{count}"
        write_layout(layout, tars)
        return layout

    def large_layout(self, count, size):
        """So many layers of so many bytes each, which do not get smaller when they are packed."""
        tars = []
        for number in range(count):
            content = self._work / f"large-{number}"
            content.write_bytes(random.Random(number).randbytes(size))
            tars.append(self._work / f"large-{number}.tar")
            with tarfile.open(tars[-1], "w", format=tarfile.PAX_FORMAT) as tar:
                tar.add(content, content.name)
            content.unlink()
        layout = self._work / f"large-{count}-{size}"
        write_layout(layout, tars)
        return layout

    def base_layout(self):
        """An OCI layout of a Debian with Python, pip and Flask, in the size of python:3.7 and in four layers."""
        packages = BASE_PACKAGES + (MORE_PACKAGES if self.scale >= 1 else [])
        layout = self._kept / f"base-{len(packages)}"
        if not (layout / "index.json").exists():
            self._kept.mkdir(parents=True, exist_ok=True)
            tar = self._kept / f"base-{len(packages)}.tar"
            if not tar.exists():
                print("(mmdebstrap: the base, once)", flush=True)
                unfinished = tar.with_suffix(".new.tar")
                subprocess.run(["mmdebstrap", "--quiet", "--variant=apt", f"--include={','.join(packages)}",
                                '--customize-hook=rm -f "$1"/usr/lib/python3.*/EXTERNALLY-MANAGED',
                                "bookworm", unfinished], check=True)
                unfinished.rename(tar)
            write_layout(layout, split_tar(tar, self._work, BASE_LAYERS))
            tar.unlink()
        return layout


def text(rng, size):
    words = rng.choices(WORDS, k=size // 7)
    return "\n".join(" ".join(words[i:i + 9]) for i in range(0, len(words), 9)) + "\n"


def split_tar(path, folder, parts):
    """Several tars that make up the one, of about the same size; hard links stay beside their file."""
    limit = path.stat().st_size / parts
    names = [folder / f"part-{number}.tar" for number in range(parts)]
    outputs = [tarfile.open(name, "w", format=tarfile.PAX_FORMAT) for name in names]
    place, directories = {}, [{} for _ in outputs]
    with tarfile.open(path) as whole:
        current = 0
        for entry in whole:
            if entry.isdir():
                for known in directories:
                    known[entry.name.rstrip("/")] = entry
                continue
            while current + 1 < parts and outputs[current].offset > limit:
                current += 1
            number = place.setdefault(entry.linkname, current) if entry.islnk() else current
            place[entry.name] = number
            for parent in reversed(pathlib.PurePath(entry.name).parents):
                directory = directories[number].pop(str(parent), None)
                if directory is not None:
                    outputs[number].addfile(directory)
            outputs[number].addfile(entry, whole.extractfile(entry) if entry.isreg() else None)
        for directory in directories[-1].values():
            outputs[-1].addfile(directory)
    for output in outputs:
        output.close()
    return names


def write_layout(layout, tars):
    """An OCI layout whose layers are gzip streams as other builders write them: one member, level 6."""
    blobs = layout / "blobs/sha256"
    blobs.mkdir(parents=True, exist_ok=True)

    def put(data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    layers, diff_ids = [], []
    packers = [subprocess.Popen(["gzip", "-6nkf", tar]) for tar in tars]
    for tar, packer in zip(tars, packers):
        with open(tar, "rb") as source:
            diff_ids.append("sha256:" + hashlib.file_digest(source, "sha256").hexdigest())
        if packer.wait() != 0:
            raise SystemExit("bench: gzip failed")
        packed = pathlib.Path(f"{tar}.gz")
        layers.append(put(packed.read_bytes(), "application/vnd.oci.image.layer.v1.tar+gzip"))
        packed.unlink()
    config = {"architecture": subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip(),
              "os": "linux", "config": {"Env": ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
              "history": [{"created_by": f"layer {number}"} for number in range(len(tars))],
              "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": put(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
                "layers": layers}
    described = put(json.dumps(manifest).encode(), manifest["mediaType"])
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [described]}))
