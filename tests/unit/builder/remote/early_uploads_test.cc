#include "builder/remote/early_uploads.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"
#include "tests/unit/builder/remote/remote_fixture.h"

using namespace ibuild;
using test::named;

namespace {

/// A blob's file and what a store tells of it while it is written.
struct GrowingFixture : test::RemoteFixture {
  std::optional<remote::EarlyUploads> uploads{loader};
  std::string bytes = std::string(9 << 20, 'x');
  image::Descriptor blob{
      .media_type = "x", .digest = base::sha256_of(bytes), .size_bytes = bytes.size()};
  base::UniqueFd file{::open(dir.host_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};

  void write(layers::BlobWatcher& watcher, std::size_t begin, std::size_t end) {
    base::FdSink(file.get())
        .write(base::as_bytes(std::string_view(bytes).substr(begin, end - begin)));
    watcher.grown(file.get(), end);
  }
  bool finish(const std::string& name) { return uploads->finish(blob.digest, named(name), {}); }
  std::size_t requests(const std::string& begin) {
    auto content = registry.content();
    return static_cast<std::size_t>(std::ranges::count_if(
        content->requests, [&](const auto& r) { return r.starts_with(begin); }));
  }
};

constexpr std::size_t kMiB = 1 << 20;

}  // namespace

TEST_CASE("early_uploads: a large blob is sent to a new repository while it grows",
          "[builder][remote]") {
  GrowingFixture f;
  const auto watcher =
      f.uploads->begin_growing({named("r.example/app:1"), named("r.example/app:2")});
  f.write(*watcher, 0, kMiB);
  f.write(*watcher, kMiB, 8 * kMiB);
  f.write(*watcher, 8 * kMiB, 9 * kMiB);
  watcher->complete(f.blob);
  CHECK(f.finish("r.example/app:2"));
  CHECK(f.registry.content()->blobs["r.example/app"][f.blob.digest.str()] == f.bytes);
  CHECK(f.requests("PUT-GROWING") == 1);
  CHECK(f.origins.find(f.blob.digest).size() == 1);
}

TEST_CASE("early_uploads: each repository gets it", "[builder][remote]") {
  GrowingFixture f;
  const auto watcher =
      f.uploads->begin_growing({named("r.example/app:1"), named("s.example/app:1")});
  f.write(*watcher, 0, 9 * kMiB);
  watcher->complete(f.blob);
  CHECK(f.finish("r.example/app:1"));
  CHECK(f.finish("s.example/app:1"));
}

TEST_CASE("early_uploads: a repository in use may have the blob already, and is asked later",
          "[builder][remote]") {
  GrowingFixture f;
  f.registry.content()->tags["r.example/app"]["0"] = "sha256:0";
  const auto watcher = f.uploads->begin_growing({named("r.example/app:1")});
  f.write(*watcher, 0, 9 * kMiB);
  watcher->complete(f.blob);
  CHECK_FALSE(f.finish("r.example/app:1"));
  CHECK(f.requests("PUT-GROWING") == 0);
}

TEST_CASE("early_uploads: a small blob waits until it is complete", "[builder][remote]") {
  GrowingFixture f;
  const auto watcher = f.uploads->begin_growing({named("r.example/app:1")});
  f.write(*watcher, 0, 7 * kMiB);
  watcher->complete(f.blob);
  CHECK_FALSE(f.finish("r.example/app:1"));
  CHECK(f.registry.content()->requests.empty());
}

TEST_CASE("early_uploads: a blob that is given up is not there", "[builder][remote]") {
  GrowingFixture f;
  auto watcher = f.uploads->begin_growing({named("r.example/app:1")});
  f.write(*watcher, 0, 8 * kMiB);
  watcher.reset();
  f.uploads.reset();  // does not wait for more
  CHECK(f.registry.content()->blobs["r.example/app"].empty());
}

TEST_CASE("early_uploads: an upload that fails is left for the push", "[builder][remote]") {
  GrowingFixture f;
  const auto watcher = f.uploads->begin_growing({named("r.example/app:1")});
  f.write(*watcher, 0, 9 * kMiB);
  f.blob.digest = base::sha256_of("other bytes");
  watcher->complete(f.blob);
  CHECK_FALSE(f.finish("r.example/app:1"));
}
