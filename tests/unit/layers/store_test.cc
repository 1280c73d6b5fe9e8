#include "layers/store.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

#include "base/child.h"
#include "base/error.h"
#include "base/scope_exit.h"
#include "image/media_types.h"
#include "tests/support/must_run.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::layers {

namespace {

using base::RelPath;

struct Fixture {
  base::TempDir scratch = test::make_scratch_dir();
  std::string path = scratch.host_path() + "/store";
  base::ThreadPool pool{1};

  std::unique_ptr<Store> open() { return Store::open(path, pool); }
  base::DirFd dir() const { return base::DirFd::open(path); }
  void write(const std::string& name, std::string_view content) const {
    base::write_file_atomically(dir(), RelPath::exact(name), content);
  }
  std::string read(const std::string& name) const {
    return base::read_file_at(dir(), RelPath::exact(name), 1 << 20);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : base::list_dir(dir())) names.push_back(entry.name);
    return names;
  }
  mode_t mode_of(const std::string& name) const {
    return base::lstat_at(scratch.dir(), RelPath::exact(name)).st_mode & 07777;
  }
};

/// Sets an environment variable, or unsets it when there is no value, until the end of the scope.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    set(value);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { set(old_ ? old_->c_str() : nullptr); }

 private:
  void set(const char* value) const {
    if (value == nullptr) {
      ::unsetenv(name_);
    } else {
      ::setenv(name_, value, 1);
    }
  }
  const char* name_;
  std::optional<std::string> old_;
};

/// The exit code of a child that runs `body`; 100 when it throws.
int in_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    int code = 100;
    try {
      code = body();
    } catch (...) {
    }
    ::_exit(code);
  }
  int status = -1;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

image::Descriptor descriptor(char digit) {
  return {.media_type = std::string(image::media_type::kOciManifest),
          .digest = base::Digest::sha256_from_hex(std::string(64, digit)),
          .size_bytes = 100};
}

}  // namespace

TEST_CASE("store: a new store is a valid OCI layout with folders beside it", "[layers]") {
  Fixture f;
  const auto store = f.open();
  const std::vector<std::string> expected = {"blobs",  "cache", "ibuild-format", "index.json",
                                             "layers", "locks", "oci-layout",    "tmp"};
  CHECK(f.names() == expected);
  CHECK(f.read("oci-layout") == R"({"imageLayoutVersion":"1.0.0"})");
  CHECK(f.read("ibuild-format") == "1\n");
  CHECK(image::parse_index(f.read("index.json")).manifests.empty());
}

TEST_CASE("store: nobody else comes into the store, nor into the trees of layers", "[layers]") {
  Fixture f;
  const auto store = f.open();
  CHECK(f.mode_of("store") == 0700);
  for (const char* name : {"store/layers", "store/tmp", "store/cache"})
    CHECK(f.mode_of(name) == 0700);
  const auto steps = store->cache_dir("steps");
  CHECK(f.mode_of("store/cache/steps") == 0700);
}

TEST_CASE("store: on ext4 processes make their files apart from each other", "[layers]") {
  Fixture f;
  f.open();
  struct statfs system {};
  REQUIRE(::fstatfs(f.dir().get(), &system) == 0);
  if (system.f_type != EXT4_SUPER_MAGIC) return;
  int flags = 0;
  REQUIRE(::ioctl(base::open_dir_at(f.dir(), RelPath::exact("tmp")).get(), FS_IOC_GETFLAGS,
                  &flags) == 0);
  CHECK((flags & FS_TOPDIR_FL) != 0);
}

TEST_CASE("store: what one opening stored the next one finds", "[layers]") {
  Fixture f;
  {
    const auto store = f.open();
    store->content().put("hello");
    store->images().tag(image::parse_reference("app:1"), descriptor('a'));
  }
  const auto store = f.open();
  CHECK(store->content().read(base::sha256_of("hello")) == "hello");
  CHECK(store->images().find(image::parse_reference("app:1")) == descriptor('a'));
}

TEST_CASE("store: leaves nothing in tmp when it is closed", "[layers]") {
  Fixture f;
  {
    const auto store = f.open();
    base::write_file_atomically(store->temp(), RelPath::exact("file"), "x");
    CHECK(base::list_dir(f.dir(), RelPath::exact("tmp")).size() == 2);
  }
  CHECK(base::list_dir(f.dir(), RelPath::exact("tmp")).empty());
}

TEST_CASE("store: opening clears up after a killed process, and only after it", "[layers]") {
  Fixture f;
  const auto alive = f.open();
  base::write_file_atomically(alive->temp(), RelPath::exact("mine"), "x");
  CHECK(in_child([&] {
          const auto store = f.open();
          store->content().begin_ingest().release()->write(base::as_bytes("half a blob"));
          ::kill(::getpid(), SIGKILL);
          return 0;
        }) == -1);
  CHECK(base::list_dir(f.dir(), RelPath::exact("tmp")).size() == 4);
  const auto store = f.open();
  CHECK(base::list_dir(f.dir(), RelPath::exact("tmp")).size() == 4);  // alive's and store's
  CHECK(base::read_file_at(alive->temp(), RelPath::exact("mine"), 10) == "x");
  CHECK(base::list_dir(f.dir(), RelPath::exact("blobs/sha256")).empty());
}

TEST_CASE("store: an OCI layout of another tool becomes a store", "[layers]") {
  Fixture f;
  base::make_host_dirs(f.path + "/blobs/sha256");
  f.write("oci-layout", R"({"imageLayoutVersion": "1.0.0"})");
  f.write("index.json", R"({"schemaVersion":2,"manifests":[]})");
  const auto store = f.open();
  store->images().tag(image::parse_reference("app:1"), descriptor('a'));
  CHECK(f.read("oci-layout") == R"({"imageLayoutVersion": "1.0.0"})");
  CHECK(f.read("ibuild-format") == "1\n");
}

TEST_CASE("store: what a killed creation left is completed", "[layers]") {
  for (const auto& made : std::vector<std::vector<std::string>>{{},
                                                                {"locks"},
                                                                {"locks", "layers", "cache", "tmp"},
                                                                {"blobs", "locks", "lost+found"},
                                                                {"ibuild-scratch-of-a-probe"}}) {
    Fixture f;
    for (const auto& name : made) base::make_host_dirs(f.path + "/" + name);
    if (made.empty()) base::make_host_dirs(f.path);
    CHECK_NOTHROW(f.open());
    CHECK(f.read("ibuild-format") == "1\n");
  }
}

TEST_CASE("store: missing parts of an old store are made again", "[layers]") {
  Fixture f;
  f.open();
  for (const char* name :
       {"index.json", "oci-layout", "layers", "cache", "locks", "tmp", "blobs"}) {
    base::remove_tree(f.dir(), RelPath::exact(name));
    const auto store = f.open();
    CHECK(f.names().size() == 8);
  }
}

TEST_CASE("store: a directory with something else in it is refused", "[layers]") {
  Fixture f;
  base::make_host_dirs(f.path);
  f.write("Dockerfile", "FROM scratch");
  try {
    f.open();
    FAIL("opened");
  } catch (const base::Error& error) {
    CHECK_THAT(error.what(), Catch::Contains(f.path) && Catch::Contains("Dockerfile"));
    CHECK_THAT(error.hint(), Catch::Contains("--root"));
  }
  CHECK(f.names() == std::vector<std::string>{"Dockerfile"});
}

TEST_CASE("store: a store of a newer format is refused and not touched", "[layers]") {
  Fixture f;
  base::make_host_dirs(f.path);
  f.write("ibuild-format", "2\n");
  try {
    f.open();
    FAIL("opened");
  } catch (const base::Error& error) {
    CHECK_THAT(error.what(), Catch::Contains("format 2") && Catch::Contains("newer"));
    CHECK_THAT(error.hint(), Catch::Contains("newer ibuild"));
  }
  CHECK(f.names().size() == 1);
}

TEST_CASE("store: a damaged format file is refused by name", "[layers]") {
  for (const std::string bad : {"", "0\n", "one", "-1", "1 2", "99999999999999999999"}) {
    Fixture f;
    base::make_host_dirs(f.path);
    f.write("ibuild-format", bad);
    CHECK_THROWS_WITH(f.open(), Catch::Contains(f.path + "/ibuild-format"));
  }
}

TEST_CASE("store: a path that cannot be a directory is refused with a hint", "[layers]") {
  Fixture f;
  base::write_file_atomically(f.scratch.dir(), RelPath::exact("file"), "x");
  for (const std::string& path :
       {f.scratch.host_path() + "/file", f.scratch.host_path() + "/file/below"}) {
    try {
      Store::open(path, f.pool);
      FAIL("opened " << path);
    } catch (const base::SystemError& error) {
      CHECK(error.error_number() == ENOTDIR);
      CHECK_THAT(error.what(), Catch::Contains(path));
      CHECK_THAT(error.hint(), Catch::Contains("--root"));
    }
  }
  CHECK_THROWS_AS(Store::open("", f.pool), base::UsageError);
}

TEST_CASE("store: a place that may not be written to is refused with a hint", "[layers]") {
  Fixture f;
  const base::ScopeExit restore([&] { ::fchmod(f.scratch.dir().get(), 0700); });
  REQUIRE(::fchmod(f.scratch.dir().get(), 0555) == 0);
  const int code = in_child([&] {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 1;
    try {
      base::ThreadPool pool(1);
      Store::open(f.path, pool);
    } catch (const base::SystemError& error) {
      return error.error_number() == EACCES && error.hint().find("--root") != std::string::npos ? 0
                                                                                                : 2;
    }
    return 3;
  });
  CHECK(code == 0);
}

TEST_CASE("store: threads may open one new store at once", "[layers]") {
  for (int round = 0; round < 10; ++round) {
    Fixture f;
    std::atomic<int> failures = 0;
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
          try {
            const auto store = f.open();
            store->content().put("hello");
            store->images().tag(image::parse_reference("app:" + std::to_string(t)),
                                descriptor('a'));
          } catch (const std::exception& error) {
            UNSCOPED_INFO(error.what());
            ++failures;
          }
        });
      }
    }
    CHECK(failures == 0);
    CHECK(f.open()->images().list().size() == 4);
  }
}

TEST_CASE("store: who uses it keeps the garbage collector out, and the other way round",
          "[layers]") {
  Fixture f;
  const auto store = f.open();
  const auto other = f.open();
  {
    const auto use = store->hold_against_gc();
    const auto second_use = other->hold_against_gc();
    CHECK_FALSE(store->try_lock_for_gc());
    CHECK_FALSE(other->try_lock_for_gc());
  }
  const auto collecting = store->try_lock_for_gc();
  REQUIRE(collecting);
  CHECK_FALSE(other->try_lock_for_gc());
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(other->hold_against_gc(stop.get_token()), base::CancelledError);
}

TEST_CASE("store: sync works on any directory", "[layers]") {
  Fixture f;
  CHECK_NOTHROW(f.open()->sync());
}

TEST_CASE("store: the default path follows IBUILD_ROOT, root, XDG and HOME in this order",
          "[layers]") {
  const Environment home("HOME", "/home/ann");
  const Environment data("XDG_DATA_HOME", "/data/ann");
  {
    const Environment root("IBUILD_ROOT", "/fast/disk");
    CHECK(Store::default_path(0) == "/fast/disk");
    CHECK(Store::default_path(1000) == "/fast/disk");
  }
  const Environment no_root("IBUILD_ROOT", "");
  CHECK(Store::default_path(0) == "/var/lib/ibuild");
  CHECK(Store::default_path(1000) == "/data/ann/ibuild");
  const Environment relative("XDG_DATA_HOME", "data");
  CHECK(Store::default_path(1000) == "/home/ann/.local/share/ibuild");
  const Environment no_home("HOME", nullptr);
  CHECK_THROWS_AS(Store::default_path(1000), base::UsageError);
}

TEST_CASE("store: skopeo finds an image by the name that the store shows", "[layers]") {
  const bool has_skopeo = ::access("/usr/bin/skopeo", X_OK) == 0;
  if (!test::can_run("peers", has_skopeo, "skopeo is not installed")) return;
  Fixture f;
  const auto store = f.open();
  const std::string config =
      R"({"architecture":"amd64","os":"linux","config":{"Labels":{"answer":"42"}},"rootfs":{"type":"layers","diff_ids":[]}})";
  image::Manifest manifest{.media_type = std::string(image::media_type::kOciManifest)};
  manifest.config = {.media_type = std::string(image::media_type::kOciConfig),
                     .digest = store->content().put(config),
                     .size_bytes = config.size()};
  const std::string json = image::to_json(manifest);
  store->images().tag(image::parse_reference("app:1"), {.media_type = manifest.media_type,
                                                        .digest = store->content().put(json),
                                                        .size_bytes = json.size()});
  const auto result =
      base::run_program({"skopeo", "inspect", "oci:" + f.path + ":docker.io/library/app:1"});
  CAPTURE(result.err);
  CHECK(result.status.success());
  CHECK_THAT(result.out, Catch::Contains("\"answer\": \"42\""));
}

}  // namespace ibuild::layers
