#include "builder/ops/told_files.h"

#include <catch2/catch.hpp>
#include <deque>
#include <random>

#include "tests/support/builder/walk_map.h"

namespace ibuild::builder {
namespace {

SourceFile link_at(const std::string& path, const std::string& target) {
  SourceFile file;
  file.entry.path = base::RelPath::exact(path);
  file.entry.type = layers::EntryType::symlink;
  file.entry.link_target = target;
  return file;
}

SelectedSource directory_at(const std::string& path, const test::WalkMap& files) {
  SelectedSource source;
  source.root.entry.path = base::RelPath::exact(path);
  source.root.entry.type = layers::EntryType::directory;
  for (const auto& [name, target] : files) source.entries.add({link_at(name, target), true});
  return source;
}

SelectedSource only_file(const std::string& path, const std::string& target) {
  SelectedSource source;
  source.root = link_at(path, target);
  return source;
}

/// "a=1 b=2 ", of files that are links.
std::string told(const std::deque<SelectedSource>& sources, std::size_t wanted = 1000) {
  std::vector<const SelectedSource*> list;
  for (const auto& source : sources) list.push_back(&source);
  std::string text;
  tell_files(list, [&](std::string_view path, std::string_view fingerprint) {
    text.append(path).append("=").append(fingerprint.substr(fingerprint.rfind(' ') + 1)) += ' ';
    return --wanted > 0;
  });
  return text;
}

template <typename... Sources>
std::string told_of(Sources... sources) {
  std::deque<SelectedSource> list;
  (list.push_back(std::move(sources)), ...);
  return told(list);
}

/// Any path of up to three names, that differ where the order of walks is not that of bytes.
std::string any_path(std::mt19937& random) {
  static const std::vector<std::string> kNames = {"a", "a-", "a.b", "b"};
  std::string path = kNames[random() % kNames.size()];
  for (auto depth = random() % 3; depth > 0; --depth) path += "/" + kNames[random() % 4];
  return path;
}

SelectedSource any_source(std::mt19937& random) {
  const std::string root = random() % 4 == 0 ? "" : any_path(random);
  if (!root.empty() && random() % 3 == 0) return only_file(root, std::to_string(random() % 9));
  test::WalkMap files;
  for (auto left = random() % 12; left > 0; --left) {
    const auto path = (root.empty() ? "" : root + "/") + any_path(random);
    files[path] = std::to_string(random() % 9);
  }
  return directory_at(root, files);
}

}  // namespace

TEST_CASE("told_files: files of one source come as they stand there, without its root",
          "[builder]") {
  CHECK(told({}).empty());
  CHECK(told_of(directory_at("", {})).empty());
  CHECK(told_of(only_file("a", "1")) == "a=1 ");
  CHECK(told_of(directory_at("d", {{"d/a", "1"}, {"d/a/b", "2"}, {"d/a-", "3"}})) ==
        "d/a=1 d/a/b=2 d/a-=3 ");
}

TEST_CASE("told_files: sources one after the other, or one in the other, make one list",
          "[builder]") {
  CHECK(told_of(only_file("c", "1"), directory_at("b", {{"b/x", "2"}}), only_file("a", "3")) ==
        "a=3 b/x=2 c=1 ");
  CHECK(told_of(directory_at("d/b", {{"d/b/1", "x"}, {"d/b/3", "y"}}),
                directory_at("d", {{"d/a", "z"}, {"d/b", "dir"}, {"d/b/2", "w"}, {"d/c", "v"}})) ==
        "d/a=z d/b=dir d/b/1=x d/b/2=w d/b/3=y d/c=v ");
}

TEST_CASE("told_files: of files of one path the first source's counts, until there are enough",
          "[builder]") {
  CHECK(told_of(only_file("d/a", "first"), directory_at("d", {{"d/a", "second"}, {"d/b", "1"}}),
                only_file("d/a", "third"), only_file("d/b", "2")) == "d/a=first d/b=1 ");
  std::deque<SelectedSource> sources;
  sources.push_back(directory_at("d", {{"d/a", "1"}, {"d/b", "2"}}));
  sources.push_back(only_file("e", "3"));
  CHECK(told(sources, 2) == "d/a=1 d/b=2 ");
}

TEST_CASE("told_files: whatever the sources are, it is the list of their files by path",
          "[builder]") {
  std::mt19937 random(1);
  for (int round = 0; round < 1000; ++round) {
    std::deque<SelectedSource> sources;
    test::WalkMap wanted;
    for (auto left = random() % 6; left > 0; --left) {
      const auto& source = sources.emplace_back(any_source(random));
      if (!source.root.is_directory())
        wanted.try_emplace(source.root.path().str(), source.root.entry.link_target);
      for (const auto& entry : source.entries)
        wanted.try_emplace(entry.file.path().str(), entry.file.entry.link_target);
    }
    std::string text;
    for (const auto& [path, target] : wanted)
      text.append(path).append("=").append(target).append(" ");
    CHECK(told(sources) == text);
  }
}

}  // namespace ibuild::builder
