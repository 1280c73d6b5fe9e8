#include "tests/e2e/support/every_step.h"

namespace ibuild::e2e {

const char* const kEveryStep = R"(FROM scratch
COPY busybox /bin/busybox
ENV PATH=/bin
RUN ["/bin/busybox", "sh", "-c", "for name in cat chmod chown cp id ln mkdir mkfifo mv rm sh touch; do busybox ln -s busybox /bin/$name; done"]
RUN mkdir -p /etc /tmp && echo root:x:0:0::/root:/bin/sh > /etc/passwd && \
    echo alice:x:1000:1000::/home/alice:/bin/sh >> /etc/passwd && chown 1000:50 /tmp
RUN mkdir -p /data/sub && echo one > /data/a && ln /data/a /data/b && ln -s a /data/l
RUN chmod 4755 /data/a && rm -r /data/sub && mkfifo /data/fifo
COPY in.txt /data/
RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch --mount=target=/ctx \
    cat /ctx/in.txt > /cache/x && cp /cache/x /data/copied && touch /scratch/gone
RUN mv /data/copied /data/moved && echo more >> /data/b
RUN chmod 1777 /tmp
USER alice
RUN id > /tmp/mine
)";

void put_context_of_every_step(Machine& machine) {
  machine.must_run({"install", "-m", "755", "/bin/busybox", machine.path("context/busybox")});
  machine.must_run({"touch", "-d", "2020-01-01", machine.path("context/busybox")});
  machine.write("context/in.txt", "from the context\n");
}

}  // namespace ibuild::e2e
