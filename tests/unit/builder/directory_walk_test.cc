#include "builder/ops/directory_walk.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"

using namespace ibuild;
using builder::SourceFile;

namespace {

/// `width` directories in each directory down to `depth`, and a file in each; lists them with a
/// pool.
class WideTree : public builder::SourceTree {
 public:
  WideTree(int width, int depth) : width_(width), depth_(depth) {}
  ~WideTree() override { gone_ = true; }
  WideTree(const WideTree&) = delete;
  WideTree& operator=(const WideTree&) = delete;

  std::string broken;  // this directory cannot be listed

  std::vector<SourceFile> children(const base::RelPath& directory) const override {
    REQUIRE_FALSE(gone_);
    if (directory.str() == broken && !broken.empty()) throw base::Error("cannot list " + broken);
    std::vector<SourceFile> files;
    const auto level = directory.is_root() ? 0 : static_cast<int>(directory.components().size());
    for (int i = 0; i < width_ && level < depth_; ++i)
      files.push_back(entry(directory.child("d" + std::to_string(i)), true));
    files.push_back(entry(directory.child("file"), false));
    return files;
  }
  Listing list_soon(const base::RelPath& directory) const override {
    ++soon_;
    return pool_.submit([this, directory] {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      return children(directory);
    });
  }
  std::optional<SourceFile> lookup(const base::RelPath&) const override { return std::nullopt; }
  void digest_files(std::span<SourceFile*> files, std::stop_token) const override {
    for (auto* file : files) file->entry.content = base::sha256_of(file->path().str());
  }
  std::unique_ptr<base::ByteSource> open(const SourceFile&) const override { return {}; }
  std::string shown_as() const override { return "a wide tree"; }
  int listed_soon() const { return soon_; }

 private:
  static SourceFile entry(const base::RelPath& path, bool is_directory) {
    SourceFile file;
    file.entry.path = path;
    file.entry.type = is_directory ? layers::EntryType::directory : layers::EntryType::file;
    return file;
  }
  int width_;
  int depth_;
  std::atomic<bool> gone_ = false;
  mutable std::atomic<int> soon_ = 0;
  mutable base::ThreadPool pool_{2};
};

std::vector<std::string> paths_of(const builder::SelectedEntries& entries) {
  std::vector<std::string> paths;
  for (const auto& selected : entries) paths.push_back(selected.file.path().str());
  return paths;
}

std::vector<std::string> walked(const WideTree& tree, const builder::WalkPatterns& patterns = {}) {
  return paths_of(builder::walk_directory(tree, {}, patterns, {}));
}

}  // namespace

TEST_CASE("directory_walk: directories that are listed ahead come in their order", "[builder]") {
  const WideTree tree(7, 2);
  std::vector<std::string> wanted;
  for (int i = 0; i < 7; ++i) {
    const std::string outer = "d" + std::to_string(i);
    wanted.push_back(outer);
    for (int k = 0; k < 7; ++k) {
      wanted.push_back(outer + "/d" + std::to_string(k));
      wanted.push_back(wanted.back() + "/file");
    }
    wanted.push_back(outer + "/file");
  }
  wanted.emplace_back("file");
  CHECK(walked(tree) == wanted);
  CHECK(tree.listed_soon() == 7 + 7 * 7);
}

TEST_CASE("directory_walk: for a few directories no other thread is woken", "[builder]") {
  const WideTree tree(3, 2);
  CHECK(walked(tree).size() == 3 + 9 + 1 + 3 + 9);
  CHECK(tree.listed_soon() == 0);
}

TEST_CASE("directory_walk: a directory that is left out may be one that cannot be listed",
          "[builder]") {
  WideTree tree(6, 1);
  tree.broken = "d2";
  builder::WalkPatterns patterns;
  patterns.excludes.emplace(std::vector<std::string>{"d2"});
  const auto found = walked(tree, patterns);
  CHECK(found.size() == 5 + 5 + 1);
  CHECK(std::find(found.begin(), found.end(), "d2") == found.end());
}

TEST_CASE("directory_walk: the error of a directory is told after what was begun has ended",
          "[builder]") {
  WideTree tree(40, 1);
  tree.broken = "d11";
  CHECK_THROWS_WITH(walked(tree), "cannot list d11");
}

TEST_CASE("directory_walk: a stop request ends it", "[builder]") {
  const WideTree tree(6, 2);
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(builder::walk_directory(tree, {}, {}, stop.get_token()), base::CancelledError);
}
