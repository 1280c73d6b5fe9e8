#include "builder/cache/miss_reason.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "tests/support/builder/noted_key.h"
#include "tests/support/builder/walk_map.h"

using namespace ibuild;
using builder::StepKey;
using test::key_of;

namespace {

std::string miss_of(const StepKey& before, const StepKey& now) {
  auto noted = test::noted(before);
  return builder::miss_reason(noted, now).value();
}

}  // namespace

TEST_CASE("miss_reason: names the first thing that differs", "[builder]") {
  CHECK(miss_of(key_of({{"op", "RUN a"}}), key_of({{"op", "RUN b"}})) == "the instruction changed");
  CHECK(miss_of(key_of({{"op", "x"}, {"parent", "1"}}), key_of({{"op", "x"}, {"parent", "2"}})) ==
        "the step before it changed");
  CHECK(miss_of(key_of({{"env V", "1"}}), key_of({{"env V", "2"}})) == "env V 1 → 2");
  CHECK(miss_of(key_of({}), key_of({{"env V", "2"}})) == "env V is new");
  CHECK(miss_of(key_of({{"env V", "1"}}), key_of({})) == "env V is gone");
  CHECK_THAT(miss_of(key_of({{"op", "x"}}), key_of({{"op", "x"}})),
             Catch::Contains("no result of it is there"));
}

TEST_CASE("miss_reason: tells files apart that stand behind a digest", "[builder]") {
  const auto with_files = [](const char* digest, std::initializer_list<builder::Ingredient> files) {
    StepKey key = key_of({{"files", digest}});
    test::set_files(key, files);
    return key;
  };
  const auto old = with_files("1", {{"a", "1"}, {"b", "1"}});
  CHECK(miss_of(old, with_files("2", {{"a", "1"}, {"b", "2"}})) == "b changed");
  CHECK(miss_of(old, with_files("2", {{"a", "1"}, {"b", "1"}, {"c", "1"}})) == "c is new");
  CHECK(miss_of(old, with_files("2", {{"a", "1"}})) == "b is gone");
  CHECK(miss_of(old, with_files("2", {{"a", "2"}, {"c", "1"}})) == "a changed and 2 more");
  CHECK(miss_of(with_files("1", {{"a", "1"}, {"z", "1"}}),
                with_files("2", {{"b", "1"}, {"z", "2"}})) == "b is new and 2 more");
  CHECK(miss_of(with_files("1", {{"b", "1"}, {"z", "1"}}),
                with_files("2", {{"a", "1"}, {"z", "2"}})) == "a is new and 2 more");
  CHECK(miss_of(old, with_files("2", {{"c", "1"}})) == "c is new and 2 more");
  CHECK(miss_of(old, with_files("2", {})) == "its files changed");
  CHECK(miss_of(with_files("0", {}), old) == "its files changed");
  CHECK(miss_of(old, with_files("2", {{"a", "1"}, {"b", "1"}})) == "its files changed");
  const auto one = [&](const char* digest, const char* fingerprint) {
    return with_files(digest, {{"a", fingerprint}});
  };
  const auto before = one("1", "file 0644 0:0 sha256:1");
  CHECK(miss_of(before, one("2", "file 0755 0:0 sha256:1")) == "a: mode 0644 → 0755");
  CHECK(miss_of(before, one("2", "file 0644 7:0 sha256:1")) == "a: owner 0:0 → 7:0");
  CHECK(miss_of(before, one("2", "file 0755 0:0 sha256:2")) == "a changed");
}

TEST_CASE("miss_reason: build arguments are called so, instructions are shown", "[builder]") {
  StepKey before = key_of({{"op", "RUN 1"}, {"env V", "1"}});
  before.add_detail("arg V", "");
  before.add_detail("step", "RUN make");
  CHECK(miss_of(before, key_of({{"op", "RUN 1"}, {"env V", "2"}})) == "build-arg V 1 → 2");
  CHECK(miss_of(before, key_of({{"op", "RUN 2"}, {"env V", "1"}})) ==
        "the instruction changed, it was RUN make");
}

TEST_CASE("miss_reason: names the step before that changed, or that is another one now",
          "[builder]") {
  const auto on = [](const char* parent, const char* step) {
    StepKey key = key_of({{"parent", parent}});
    key.add_detail("parent step", step);
    return key;
  };
  CHECK(miss_of(on("1", "RUN a"), on("2", "RUN a")) == "the step before it changed: RUN a");
  CHECK(miss_of(on("1", "RUN a"), on("2", "RUN b")) == "it stands on RUN b now, before on RUN a");
}

TEST_CASE("miss_reason: a base that moved is named", "[builder]") {
  StepKey before = key_of({{"parent", "1"}});
  before.add_detail("base", "python:3@sha256:1");
  StepKey now = key_of({{"parent", "2"}});
  now.add_detail("base", "python:3@sha256:2");
  CHECK(miss_of(before, now) == "base python:3 moved from sha256:1 to sha256:2");
  StepKey other = key_of({{"parent", "2"}});
  other.add_detail("base", "python:4@sha256:2");
  CHECK(miss_of(before, other) == "base changed from python:3@sha256:1 to python:4@sha256:2");
}

namespace {

test::WalkMap any_files(std::mt19937& random) {
  test::WalkMap files;
  for (auto left = random() % 8; left > 0; --left) {
    std::string name;
    for (auto length = 1 + random() % 3; length > 0; --length) name += "a-/b"[random() % 4];
    files[name] = std::to_string(random() % 2);
  }
  return files;
}

StepKey made_of_files(const char* digest, const test::WalkMap& files) {
  StepKey key = key_of({{"files", digest}});
  std::vector<builder::Ingredient> list;
  for (const auto& [name, value] : files) list.push_back({name, value});
  test::set_files(key, list);
  return key;
}

/// The same, from all files at once.
std::string expected_reason(const test::WalkMap& before, const test::WalkMap& now) {
  std::map<std::string, std::string> changed;  // by bytes
  std::map<std::string, std::string> gone;
  for (const auto& [name, value] : now) {
    const auto former = before.find(name);
    if (former == before.end()) {
      changed[name] = name + " is new";
    } else if (former->second != value) {
      changed[name] = name + " changed";
    }
  }
  for (const auto& [name, value] : before) {
    if (!now.contains(name)) gone[name] = name + " is gone";
  }
  const auto count = changed.size() + gone.size();
  if (before.empty() || now.empty() || count == 0) return "its files changed";
  const auto first = changed.empty() ? gone.begin()->second : changed.begin()->second;
  return count == 1 ? first : first + " and " + std::to_string(count - 1) + " more";
}

}  // namespace

TEST_CASE("miss_reason: files read one by one are told as all at once would be", "[builder]") {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    const test::WalkMap before = any_files(random);
    test::WalkMap now = any_files(random);
    if (random() % 2 == 0) {  // a few edits
      now.insert(before.begin(), before.end());
      for (const auto& [name, value] : before) {
        if (random() % 8 == 0) now.erase(name);
      }
    }
    CHECK(miss_of(made_of_files("1", before), made_of_files("2", now)) ==
          expected_reason(before, now));
  }
}

TEST_CASE("miss_reason: a note that is damaged where it is looked at gives no reason",
          "[builder]") {
  const auto text = test::note(made_of_files("1", {{"a", "1"}, {"b", "1"}, {"c", "1"}}));
  const auto reason_of = [](const std::string& damaged, const StepKey& now) {
    auto before = test::try_read_note(damaged);
    return before ? builder::miss_reason(*before, now) : std::nullopt;
  };
  const auto now = made_of_files("2", {{"a", "1"}, {"b", "2"}, {"c", "1"}});
  CHECK(reason_of(text, now) == "b changed");
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(reason_of(text.substr(0, size), now));
  }
  CHECK(reason_of(text.substr(0, text.size() - 2), key_of({{"epoch", "1"}, {"files", "2"}})) ==
        "epoch is new");
}
