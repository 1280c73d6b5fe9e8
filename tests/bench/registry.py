"""A docker-registry on a free port of 127.0.0.1."""

import socket
import subprocess
import time
import urllib.request

CONFIG = """version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {data}}}}}
http: {{addr: {address}}}
"""


class Registry:
    def __init__(self, folder):
        self._folder = folder
        self._process = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"

    def __enter__(self):
        self._folder.mkdir(parents=True)
        config = self._folder / "config.yml"
        config.write_text(CONFIG.format(data=self._folder / "data", address=self.address))
        with open(self._folder / "log", "wb") as log:
            self._process = subprocess.Popen(["docker-registry", "serve", config], stdout=log, stderr=log)
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://{self.address}/v2/", timeout=1).close()
                return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise SystemExit("bench: docker-registry does not answer")

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
