#include "builder/export/blobs_ahead.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>

#include "tests/support/builder/fakes.h"

using namespace ibuild;
using namespace std::chrono_literals;
using builder::BlobsAhead;
using ibuild::test::BuildFixture;

namespace {

/// Two steps on a base, and one of another stage that the second reads.
builder::BuildPlan small_plan() {
  builder::BuildPlan plan;
  const auto add = [&](builder::Op op, std::optional<builder::StepId> parent) {
    builder::Step step;
    step.id = plan.steps.size();
    step.op = std::move(op);
    step.parent = parent;
    plan.steps.push_back(std::move(step));
  };
  add(builder::BaseOp{}, std::nullopt);
  add(builder::WorkdirOp{}, std::nullopt);
  add(builder::WorkdirOp{}, 0);
  add(builder::WorkdirOp{}, 2);
  plan.images.emplace_back();
  plan.images.back().tip = 3;
  return plan;
}

/// Takes note of what a build begins to push.
class FakePusher : public builder::ImagePusher {
 public:
  void push(const builder::BuiltImages&, const std::vector<image::Reference>&, builder::VertexId,
            builder::EventSink&, std::stop_token) override {}
  void begin_push(const image::Descriptor& blob,
                  const std::vector<image::Reference>& names) override {
    const std::scoped_lock lock(mutex_);
    for (const auto& name : names) begun_.push_back(name.str() + " " + blob.digest.str());
    changed_.notify_all();
  }
  std::shared_ptr<layers::BlobWatcher> send_while_made(
      const std::vector<image::Reference>& names) override {
    const std::scoped_lock lock(mutex_);
    for (const auto& name : names) watched_.push_back(name.str());
    return watcher;
  }
  std::shared_ptr<layers::BlobWatcher> watcher;

  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return begun_.size() >= count; });
  }
  std::vector<std::string> begun() {
    const std::scoped_lock lock(mutex_);
    return begun_;
  }
  std::vector<std::string> watched() {
    const std::scoped_lock lock(mutex_);
    return watched_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> begun_;
  std::vector<std::string> watched_;
};

class CountingWatcher : public layers::BlobWatcher {
 public:
  void grown(int, std::uint64_t size_bytes) override { size = size_bytes; }
  void complete(const image::Descriptor& blob) override { whole = blob; }
  std::uint64_t size = 0;
  std::optional<image::Descriptor> whole;
};

}  // namespace

TEST_CASE("blobs_ahead: only the last step's layer is compressed while it is made", "[builder]") {
  BuildFixture f;
  const auto plan = small_plan();
  const BlobsAhead ahead(plan, {{"image", {{"compression", "zstd"}, {"compression-level", "7"}}}},
                         {}, f.store->layers(), nullptr);
  CHECK_FALSE(ahead.beside(1));  // not of the image
  CHECK_FALSE(ahead.beside(2));  // the next step waits
  const auto options = ahead.beside(3);
  REQUIRE(options);
  CHECK(options->compression.type == layers::LayerCompression::zstd);
  CHECK(options->compression.level == 7);
}

TEST_CASE("blobs_ahead: outputs without such blobs get none", "[builder]") {
  BuildFixture f;
  const auto plan = small_plan();
  const std::vector<builder::OutputSpec> others{{"tar", {{"dest", "-"}}},
                                                {"local", {{"dest", "out"}}},
                                                {"cacheonly", {}},
                                                {"image", {{"squash", "true"}}},
                                                {"oci", {{"dest", "f"}, {"squash", "true"}}}};
  CHECK_FALSE(BlobsAhead(plan, others, {}, f.store->layers(), nullptr).beside(3));
  for (const std::string type : {"oci", "docker"}) {
    CHECK(BlobsAhead(plan, {{type, {{"dest", "f"}}}}, {}, f.store->layers(), nullptr).beside(3));
  }
}

TEST_CASE("blobs_ahead: a layer is on its way to the registry while the next step runs",
          "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", ""}});
  f.write("a", "content of a\n");
  f.request.tags = {image::parse_reference("h.example/app:1")};
  f.request.outputs = {{"image", {{"push", "true"}, {"name", "h.example/app:1,o.example/b:2"}}}};
  FakePusher pusher;
  f.sandbox.on("wait", [&](const base::DirFd&, sandbox::StepObserver&) {
    return pusher.wait_for(2) ? 0 : 1;
  });
  f.request.dockerfile = "FROM base\nCOPY a /a\nRUN wait\n";
  const auto result = builder::build(f.request, f.services(), &pusher, {});
  const layers::Layer copied{f.config(result).diff_ids.at(1), {}, {}};
  const auto blob = f.store->layers().known_blob(copied, {});
  REQUIRE(blob);
  CHECK(pusher.begun() == std::vector<std::string>{"h.example/app:1 " + blob->digest.str(),
                                                   "o.example/b:2 " + blob->digest.str()});
}

TEST_CASE("blobs_ahead: the last layer is sent while it is made", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", ""}});
  f.write("a", "content of a\n");
  f.request.tags = {image::parse_reference("h.example/app:1")};
  f.request.outputs = {{"image", {{"push", "true"}}}};
  f.sandbox.on("make", [](const base::DirFd& root, sandbox::StepObserver&) {
    base::write_file_atomically(root, base::RelPath::exact("made"), "made\n");
    return 0;
  });
  FakePusher pusher;
  const auto watcher = std::make_shared<CountingWatcher>();
  pusher.watcher = watcher;
  const auto build = [&](const std::string& last) {
    f.request.dockerfile = "FROM base\nRUN make\n" + last + "\n";
    return builder::build(f.request, f.services(), &pusher, {});
  };
  SECTION("COPY") {
    const auto result = build("COPY a /a");
    REQUIRE(watcher->whole);
    CHECK(watcher->whole->size_bytes == watcher->size);
    const layers::Layer copied{f.config(result).diff_ids.at(2), {}, {}};
    CHECK(watcher->whole == f.store->layers().known_blob(copied, {}));
  }
  SECTION("RUN") {
    build("RUN make");
    CHECK(pusher.watched() == std::vector<std::string>{"h.example/app:1"});
  }
  SECTION("RUN with a secret: what may hold it has to be searched first") {
    f.request.secrets = [](const std::string&) {
      return std::optional<std::string>("sesame-open");
    };
    watcher->size = 0;
    build("RUN --mount=type=secret,id=token make");
    CHECK(watcher->size == 0);
    CHECK_FALSE(watcher->whole);
  }
  SECTION("nothing is made, nothing is sent") {
    build("COPY a /a");
    watcher->whole.reset();
    build("COPY a /a");
    CHECK_FALSE(watcher->whole);
  }
}

TEST_CASE("blobs_ahead: a build that fails does not wait for its blobs", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", ""}});
  f.write("a", "content of a\n");
  f.sandbox.on("fail", [](const base::DirFd&, sandbox::StepObserver&) { return 1; });
  CHECK_THROWS_WITH(f.build("FROM base\nCOPY a /a\nRUN fail\n"), Catch::Contains("exit code: 1"));
  // The next one has what is missing.
  f.build("FROM base\nCOPY a /a\n");
}
