#include "builder/source_lock.h"

#include <catch2/catch.hpp>

#include "base/digest.h"
#include "base/error.h"
#include "builder/locked_sources.h"

using namespace ibuild;
using builder::SourceLock;
using Kind = SourceLock::Kind;

namespace {

std::string digest(const std::string& text) { return base::sha256_of(text).str(); }
const std::string kCommit(40, 'a');

/// Remembers what it was asked for.
class AskedImages : public builder::ImageSource {
 public:
  std::optional<builder::BaseImage> try_load(const image::Reference& reference,
                                             const image::Platform&, builder::PullPolicy,
                                             std::stop_token) override {
    asked.push_back(reference.str());
    return builder::BaseImage{.reference = reference};
  }
  std::string name() const override { return "asked"; }
  std::vector<std::string> asked;
};

class AskedFiles : public builder::RemoteFiles {
 public:
  builder::RemoteFile fetch(const builder::RemoteFileRequest& request, std::stop_token) override {
    checksums.push_back(request.checksum ? request.checksum->str() : "");
    builder::RemoteFile file;
    file.digest = base::sha256_of(request.url);
    return file;
  }
  std::vector<std::string> checksums;
};

std::optional<base::Digest> top_of(const image::Reference& reference) {
  return base::sha256_of(reference.str());
}

}  // namespace

TEST_CASE("source_lock: what is written down is bound by it later", "[lock]") {
  SourceLock lock;
  CHECK_FALSE(lock.pinned(Kind::image, "a:1"));
  lock.note(Kind::image, "a:1", digest("a"));
  lock.note(Kind::file, "https://h/f", digest("f"));
  lock.note(Kind::git, "https://h/r#main", kCommit);
  SourceLock bound(lock.to_json(), "ibuild.lock");
  CHECK(bound.pinned(Kind::image, "a:1") == digest("a"));
  CHECK(bound.pinned(Kind::file, "https://h/f") == digest("f"));
  CHECK(bound.pinned(Kind::git, "https://h/r#main") == kCommit);
  bound.note(Kind::image, "b:1", digest("b"));
  CHECK(bound.to_json() == lock.to_json());
}

TEST_CASE("source_lock: others are refused by name", "[lock]") {
  const SourceLock bound(R"({"version": 1})", "my.lock");
  CHECK_THROWS_WITH(bound.pinned(Kind::image, "docker.io/library/x:1"),
                    "docker.io/library/x:1 is not in my.lock");
  SourceLock of_images(R"({"version": 1, "images": {"x": ")" + digest("x") + "\"}}", "my.lock");
  CHECK_THROWS_AS(of_images.pinned(Kind::file, "x"), base::Error);
}

TEST_CASE("source_lock: files that are none", "[lock]") {
  for (const char* text :
       {"", "[]", "{}", R"({"version": 2})", R"({"version": "1"})",
        R"({"version": 1, "images": 1})", R"({"version": 1, "images": {"a": "latest"}})",
        R"({"version": 1, "git": {"a": "main"}})", R"({"version": 1, "files": {"a": 3}})"}) {
    INFO(text);
    CHECK_THROWS_AS(SourceLock(text, "my.lock"), base::UsageError);
  }
}

TEST_CASE("locked_sources: images by tag, not those by digest", "[lock]") {
  AskedImages images;
  SourceLock lock;
  builder::LockedImageSource source(images, lock, top_of);
  const auto load = [](builder::ImageSource& from, const std::string& name) {
    return from.try_load(image::parse_reference(name), image::host_platform(),
                         builder::PullPolicy::missing, {});
  };
  load(source, "a.io/x");
  load(source, "a.io/y@" + digest("y"));
  const std::string x = digest("a.io/x:latest");
  CHECK(images.asked == std::vector<std::string>{"a.io/x:latest", "a.io/y@" + digest("y")});

  SourceLock bound(lock.to_json(), "my.lock");
  builder::LockedImageSource bound_source(images, bound, top_of);
  images.asked.clear();
  load(bound_source, "a.io/x");
  load(bound_source, "a.io/y@" + digest("y"));
  CHECK(images.asked == std::vector<std::string>{"a.io/x:latest@" + x, "a.io/y@" + digest("y")});
  CHECK_THROWS_AS(load(bound_source, "a.io/z"), base::Error);
}

TEST_CASE("locked_sources: files without a checksum of their own", "[lock]") {
  AskedFiles files;
  SourceLock lock;
  builder::LockedRemoteFiles source(files, lock);
  source.fetch({.url = "https://h/f"}, {});
  source.fetch({.url = "https://h/g", .checksum = base::sha256_of("g")}, {});
  SourceLock bound(lock.to_json(), "my.lock");
  builder::LockedRemoteFiles bound_files(files, bound);
  bound_files.fetch({.url = "https://h/f"}, {});
  bound_files.fetch({.url = "https://h/g", .checksum = base::sha256_of("g")}, {});
  CHECK(files.checksums ==
        std::vector<std::string>{"", digest("g"), digest("https://h/f"), digest("g")});
  CHECK_THROWS_AS(bound_files.fetch({.url = "https://h/other"}, {}), base::Error);
}
