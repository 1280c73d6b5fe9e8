#include "layers/image_store.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::layers {

namespace {

using base::RelPath;

struct Fixture {
  base::TempDir scratch = test::make_scratch_dir();
  base::DirFd root = make("root");
  base::DirFd temp = make("temp");
  base::DirFd locks = make("locks");
  ImageStore images{root, temp, locks};

  base::DirFd make(const std::string& name) const {
    base::make_dirs(scratch.dir(), RelPath::exact(name));
    return base::open_dir_at(scratch.dir(), RelPath::exact(name));
  }
  std::string index_json() const {
    return base::read_file_at(root, RelPath::exact("index.json"), 1 << 20);
  }
  void write_index(std::string_view json) const {
    base::write_file_atomically(root, RelPath::exact("index.json"), json);
  }
  ino_t index_inode() const { return base::lstat_at(root, RelPath::exact("index.json")).st_ino; }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& image : images.list()) names.push_back(image.name);
    return names;
  }
};

image::Descriptor descriptor(char digit) {
  return {.media_type = std::string(image::media_type::kOciManifest),
          .digest = base::Digest::sha256_from_hex(std::string(64, digit)),
          .size_bytes = 100};
}

image::Reference named(std::string_view text) { return image::parse_reference(text); }
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("image_store: a store without index.json has no images", "[layers]") {
  Fixture f;
  CHECK(f.images.list().empty());
  CHECK_FALSE(f.images.find(named("app:1")));
  CHECK_FALSE(f.images.untag(named("app:1")));
}

TEST_CASE("image_store: a tagged image is found by every form of its name", "[layers]") {
  Fixture f;
  f.images.tag(named("app"), descriptor('a'));
  CHECK(f.images.find(named("app")) == descriptor('a'));
  CHECK(f.images.find(named("app:latest")) == descriptor('a'));
  CHECK(f.images.find(named("docker.io/library/app")) == descriptor('a'));
  CHECK_FALSE(f.images.find(named("app:1")));
  CHECK_FALSE(f.images.find(named("127.0.0.1:5000/app")));
  CHECK(f.names() == Names{"docker.io/library/app:latest"});
}

TEST_CASE("image_store: index.json bears the full name in both annotations", "[layers]") {
  Fixture f;
  f.images.tag(named("app:1"), descriptor('a'));
  const auto index = image::parse_index(f.index_json());
  REQUIRE(index.manifests.size() == 1);
  const image::Annotations expected = {
      {"io.containerd.image.name", "docker.io/library/app:1"},
      {"org.opencontainers.image.ref.name", "docker.io/library/app:1"}};
  CHECK(index.manifests[0].annotations == expected);
  CHECK(index.media_type == image::media_type::kOciIndex);
}

TEST_CASE("image_store: other annotations and the platform of a descriptor are kept", "[layers]") {
  Fixture f;
  auto annotated = descriptor('a');
  annotated.annotations["vendor"] = "us";
  annotated.platform = image::Platform{.os = "linux", .architecture = "arm64"};
  f.images.tag(named("app:1"), annotated);
  CHECK(f.images.find(named("app:1")) == annotated);
}

TEST_CASE("image_store: a moved tag leaves its former image untagged", "[layers]") {
  Fixture f;
  f.images.tag(named("app:1"), descriptor('a'));
  f.images.tag(named("app:1"), descriptor('b'));
  CHECK(f.images.find(named("app:1")) == descriptor('b'));
  const std::vector<StoredImage> expected = {{"docker.io/library/app:1", descriptor('b')},
                                             {"", descriptor('a')}};
  CHECK(f.images.list() == expected);
}

TEST_CASE("image_store: a moved tag leaves nothing when another name has the image", "[layers]") {
  Fixture f;
  f.images.tag(named("app:1"), descriptor('a'));
  f.images.tag(named("app:old"), descriptor('a'));
  f.images.tag(named("app:1"), descriptor('b'));
  CHECK(f.names() == Names{"docker.io/library/app:1", "docker.io/library/app:old"});
}

TEST_CASE("image_store: an untagged image that gets a name is listed once", "[layers]") {
  Fixture f;
  f.images.add_untagged(descriptor('a'));
  f.images.add_untagged(descriptor('a'));
  CHECK(f.names() == Names{""});
  f.images.tag(named("app:1"), descriptor('a'));
  CHECK(f.names() == Names{"docker.io/library/app:1"});
  f.images.add_untagged(descriptor('a'));
  CHECK(f.names() == Names{"docker.io/library/app:1"});
}

TEST_CASE("image_store: untag takes one name and leaves the others", "[layers]") {
  Fixture f;
  f.images.tag(named("app:1"), descriptor('a'));
  f.images.tag(named("app:2"), descriptor('a'));
  CHECK(f.images.untag(named("app:1")));
  CHECK_FALSE(f.images.untag(named("app:1")));
  CHECK(f.names() == Names{"docker.io/library/app:2"});
  CHECK(f.images.untag(named("app:2")));
  CHECK(f.images.list().empty());
}

TEST_CASE("image_store: remove takes all entries of a digest", "[layers]") {
  Fixture f;
  f.images.tag(named("app:1"), descriptor('a'));
  f.images.tag(named("app:2"), descriptor('a'));
  f.images.tag(named("app:3"), descriptor('b'));
  CHECK(f.images.remove(descriptor('a').digest) == 2);
  CHECK(f.images.remove(descriptor('a').digest) == 0);
  CHECK(f.names() == Names{"docker.io/library/app:3"});
}

TEST_CASE("image_store: an image is found by repository and digest, whatever the tag", "[layers]") {
  Fixture f;
  const std::string at = "@" + descriptor('a').digest.str();
  f.images.tag(named("127.0.0.1:5000/app:1"), descriptor('a'));
  CHECK(f.images.find(named("127.0.0.1:5000/app" + at)) == descriptor('a'));
  CHECK(f.images.find(named("127.0.0.1:5000/app:other" + at)) == descriptor('a'));
  CHECK_FALSE(f.images.find(named("127.0.0.1:5000/ap" + at)));
  CHECK_FALSE(f.images.find(named("127.0.0.1:5000/app@" + descriptor('b').digest.str())));
}

TEST_CASE("image_store: a name by digest alone is kept as such", "[layers]") {
  Fixture f;
  // The digest of an index, where the entry is the manifest for one platform.
  const auto name = named("app@" + descriptor('c').digest.str());
  f.images.tag(name, descriptor('a'));
  CHECK(f.names() == Names{"docker.io/library/app@" + descriptor('c').digest.str()});
  CHECK(f.images.find(name) == descriptor('a'));
  CHECK(f.images.untag(name));
}

TEST_CASE("image_store: a name with tag and digest is kept by its tag", "[layers]") {
  Fixture f;
  f.images.tag(named("app:1@" + descriptor('a').digest.str()), descriptor('a'));
  CHECK(f.names() == Names{"docker.io/library/app:1"});
}

TEST_CASE("image_store: short names that other tools wrote are found and can be moved",
          "[layers]") {
  Fixture f;
  auto entry = descriptor('a');
  entry.annotations["org.opencontainers.image.ref.name"] = "app:1";
  auto bare = descriptor('b');
  bare.annotations["org.opencontainers.image.ref.name"] = "app";
  f.write_index(image::to_json(image::Index{.manifests = {entry, bare}}));
  CHECK(f.images.find(named("app:1")) == descriptor('a'));
  CHECK(f.images.find(named("app")) == descriptor('b'));
  f.images.tag(named("app:1"), descriptor('b'));
  CHECK(f.names() == Names{"app", "docker.io/library/app:1", ""});
}

TEST_CASE("image_store: a change that changes nothing writes nothing", "[layers]") {
  Fixture f;
  f.images.tag(named("app:1"), descriptor('a'));
  const auto before = f.index_inode();
  f.images.tag(named("app:1"), descriptor('a'));
  f.images.untag(named("other"));
  f.images.add_untagged(descriptor('a'));
  CHECK(f.index_inode() == before);
  CHECK(base::list_dir(f.temp).empty());
}

TEST_CASE("image_store: the file depends on the images, not on their order of arrival",
          "[layers]") {
  Fixture f;
  f.images.tag(named("b"), descriptor('b'));
  f.images.tag(named("a"), descriptor('a'));
  const std::string one = f.index_json();
  f.images.untag(named("b"));
  f.images.tag(named("b"), descriptor('b'));
  CHECK(f.index_json() == one);
}

TEST_CASE("image_store: a damaged index.json is refused by name, with a hint", "[layers]") {
  Fixture f;
  for (const std::string_view bad :
       {"", "{\"schemaVersion\":2,\"manif", "[]", "{\"schemaVersion\":2,\"manifests\":[{}]}"}) {
    f.write_index(bad);
    try {
      (void)f.images.list();
      FAIL("read " << bad);
    } catch (const base::ContentError& error) {
      CHECK_THAT(error.what(), Catch::Contains(f.root.shown_as() + "/index.json"));
      CHECK_FALSE(error.hint().empty());
    }
    CHECK_THROWS_AS(f.images.tag(named("app"), descriptor('a')), base::ContentError);
    CHECK(f.index_json() == bad);
  }
}

TEST_CASE("image_store: threads that tag at once lose no name", "[layers]") {
  Fixture f;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&f, t] {
        for (int i = 0; i < 8; ++i) {
          f.images.tag(named("app:" + std::to_string(t) + "-" + std::to_string(i)),
                       descriptor('a'));
        }
      });
    }
  }
  CHECK(f.images.list().size() == 32);
}

TEST_CASE("image_store: processes that tag at once lose no name", "[layers]") {
  Fixture f;
  std::vector<pid_t> children;
  for (int p = 0; p < 3; ++p) {
    const pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      try {
        for (int i = 0; i < 8; ++i)
          f.images.tag(named("app:" + std::to_string(p * 8 + i)), descriptor('a'));
        ::_exit(0);
      } catch (...) {
        ::_exit(1);
      }
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = -1;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    CHECK(status == 0);
  }
  CHECK(f.images.list().size() == 24);
}

}  // namespace ibuild::layers
