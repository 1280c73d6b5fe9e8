#include "builder/ops/added_entries.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace ibuild::builder {
namespace {

base::RelPath path_of(const std::string& text) { return base::RelPath::exact(text); }

AddedEntries::Added entry_at(const std::string& path) {
  AddedEntries::Added added;
  added.entry = std::make_unique<layers::LayerEntry>();
  added.entry->path = path_of(path);
  return added;
}

std::vector<std::string> paths_of(const AddedEntries& entries) {
  std::vector<std::string> paths;
  for (auto at = entries.begin(); at != entries.end(); at = entries.next(at))
    paths.push_back(entries.path(at).str());
  return paths;
}

struct InWalkOrder {
  bool operator()(const std::string& a, const std::string& b) const {
    return layers::compare_walk_order(a, b) < 0;
  }
};
using Model = std::set<std::string, InWalkOrder>;

std::vector<std::string> paths_of(const Model& model) { return {model.begin(), model.end()}; }

/// The files d0/f0, d0/f1, …, d1/f0, … below "src".
class Files : public ContentSource {
 public:
  Files(int directories, int files) {
    for (int d = 0; d < directories; ++d) {
      for (int f = 0; f < files; ++f) {
        SelectedEntry selected;
        selected.file.entry.path = path_of("src/d" + std::to_string(d) + "/f" + std::to_string(f));
        list.add(selected);
      }
    }
  }
  std::unique_ptr<base::ByteSource> open(const SourceFile&) const override { return nullptr; }
  SelectedEntries list;
};

}  // namespace

TEST_CASE("added_entries: in walk order, however they come, and gone when they are erased",
          "[builder]") {
  AddedEntries entries;
  Model model;
  CHECK(entries.empty());
  CHECK(entries.begin() == entries.end());
  std::vector<std::string> names;
  for (int i = 0; i < 3000; ++i)
    names.push_back("d" + std::to_string(i % 37) + (i % 2 == 0 ? "/" : ".") + std::to_string(i));
  SECTION("as they come") {}
  SECTION("in their order") { std::sort(names.begin(), names.end(), InWalkOrder()); }
  SECTION("against their order") {
    std::sort(names.begin(), names.end(), InWalkOrder());
    std::reverse(names.begin(), names.end());
  }
  SECTION("mixed") { std::shuffle(names.begin(), names.end(), std::mt19937(5)); }
  for (const auto& name : names) {
    entries.put(path_of(name), entry_at(name));
    model.insert(name);
  }
  CHECK(paths_of(entries) == paths_of(model));
  for (const auto& name : {"d5/5", "d36", "zzz", "a"})
    CHECK(entries.find(path_of(name)).has_value() == model.contains(name));

  entries.erase_within(path_of("d4"));
  std::erase_if(model, [](const std::string& name) { return name.starts_with("d4/"); });
  CHECK(paths_of(entries) == paths_of(model));

  std::vector<AddedEntries::Position> some;
  for (auto at = entries.begin(); at != entries.end(); at = entries.next(at)) {
    if (entries.path(at).str().ends_with('3')) some.push_back(at);
  }
  entries.erase(some);
  std::erase_if(model, [](const std::string& name) { return name.ends_with('3'); });
  CHECK(paths_of(entries) == paths_of(model));
  CHECK(entries.path(entries.previous(entries.end())).str() == *model.rbegin());

  std::vector<AddedEntries::Position> all;
  for (auto at = entries.begin(); at != entries.end(); at = entries.next(at)) all.push_back(at);
  entries.erase(all);
  CHECK(entries.empty());
  CHECK(entries.begin() == entries.end());
}

TEST_CASE("added_entries: files of a source are named by where they are put", "[builder]") {
  const Files source(20, 100);
  AddedEntries entries;
  Model model;
  const std::string target = GENERATE("", "app", "deep/er");
  const auto number = entries.begin_files({source.list, path_of("src"), path_of(target), source});
  const auto path_at = [&](std::size_t i) {
    return path_of(target).join(source.list[i].file.path().str().substr(4));
  };
  for (std::size_t i = 0; i < source.list.size(); ++i) {
    entries.put_file(path_at(i), number, i);
    model.insert(path_at(i).str());
  }
  CHECK(paths_of(entries) == paths_of(model));
  const auto at = entries.find(path_at(150));
  REQUIRE(at);
  const auto view = entries.view(*at);
  CHECK(view.entry == nullptr);
  CHECK(view.content == &source);
  CHECK_FALSE(view.link);
  CHECK(view.source.load().path().str() == "src/d1/f50");

  entries.edit(*at).link = LinkKey{1, 2};
  CHECK(entries.view(*at).link == LinkKey{1, 2});
  CHECK(entries.view(*at).source.load().path().str() == "src/d1/f50");
  CHECK(entries.path(*at) == path_at(150));

  entries.put(path_at(150), entry_at(path_at(150).str()));
  CHECK(entries.view(*entries.find(path_at(150))).entry != nullptr);
  entries.put_new(path_at(151), entry_at(path_at(151).str()));
  CHECK(entries.view(*entries.find(path_at(151))).entry == nullptr);
  entries.put_file(path_at(150), number, 150);
  CHECK(entries.view(*entries.find(path_at(150))).entry == nullptr);
  CHECK(paths_of(entries) == paths_of(model));
}

}  // namespace ibuild::builder
