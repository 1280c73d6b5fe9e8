#include "builder/ops/selected_entries.h"

#include <catch2/catch.hpp>

#include <string>

namespace ibuild::builder {
namespace {

SelectedEntry file_at(const std::string& path) {
  SelectedEntry selected;
  auto& entry = selected.file.entry;
  entry.path = base::RelPath::exact(path);
  entry.mode = 04755;
  entry.uid = 70'000;
  entry.gid = 5;
  entry.size_bytes = 5'000'000'000;
  entry.mtime = base::TimePoint(std::chrono::nanoseconds(-1'500'000'001));
  entry.content = base::sha256_of(path);
  return selected;
}

void check_same(const SelectedEntry& a, const SelectedEntry& b) {
  CHECK(a.picked == b.picked);
  CHECK(a.file.link == b.file.link);
  CHECK(a.file.layer == b.file.layer);
  CHECK(a.file.origin == b.file.origin);
  CHECK(a.file.path() == b.file.path());
  CHECK(a.file.entry.type == b.file.entry.type);
  CHECK(a.file.entry.mode == b.file.entry.mode);
  CHECK(a.file.entry.uid == b.file.entry.uid);
  CHECK(a.file.entry.gid == b.file.entry.gid);
  CHECK(a.file.entry.size_bytes == b.file.entry.size_bytes);
  CHECK(a.file.entry.mtime == b.file.entry.mtime);
  CHECK(a.file.entry.link_target == b.file.entry.link_target);
  CHECK(a.file.entry.device_major == b.file.entry.device_major);
  CHECK(a.file.entry.device_minor == b.file.entry.device_minor);
  CHECK(a.file.entry.xattrs == b.file.entry.xattrs);
  CHECK(a.file.entry.content == b.file.entry.content);
}

TEST_CASE("selected_entries: every entry comes back as it was added, but for its identity",
          "[builder]") {
  std::vector<SelectedEntry> samples;
  samples.push_back(file_at("a"));
  samples.push_back(file_at("src"));
  samples.back().file.entry.type = layers::EntryType::directory;
  samples.back().file.entry.content.reset();
  samples.back().picked = false;
  samples.push_back(file_at("src/deep/er"));
  samples.back().file.link = LinkKey{7, 8};
  samples.back().file.identity = FileIdentity{.inode = 8};
  samples.push_back(file_at("src/deep"));
  samples.back().file.entry.type = layers::EntryType::symlink;
  samples.back().file.entry.link_target = "../elsewhere";
  samples.push_back(file_at("src/null"));
  samples.back().file.entry.type = layers::EntryType::char_device;
  samples.back().file.entry.device_major = 1;
  samples.back().file.entry.device_minor = 3;
  samples.push_back(file_at("src\n/ping"));
  samples.back().file.entry.xattrs = {{"security.capability", std::string("\0\1", 2)}};
  layers::LayerEntry of_image;
  samples.push_back(file_at("srcs/of image"));
  samples.back().file.origin = &of_image;
  samples.back().file.layer = 12;
  samples.back().file.link = LinkKey{12, reinterpret_cast<std::uintptr_t>(&of_image)};
  samples.push_back(file_at("srcs/without links"));
  samples.back().file.origin = &of_image;

  SelectedEntries list;
  CHECK(list.empty());
  for (const auto& sample : samples) list.add(sample);
  REQUIRE(list.size() == samples.size());
  std::size_t i = 0;
  for (const auto& entry : list) {
    CAPTURE(samples[i].file.path().str());
    check_same(entry, samples[i]);
    CHECK_FALSE(entry.file.identity);
    check_same({SourceRef(list, i).load(), samples[i].picked}, samples[i]);
    ++i;
  }
  CHECK(i == samples.size());
}

}  // namespace
}  // namespace ibuild::builder
