// Any bytes as the tar of a layer. What is taken makes an index that can be stored and read again,
// a tree that can be walked, and a tar of our own that says the same.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "layers/layer_collector.h"
#include "layers/tar_format.h"
#include "layers/tar_reader.h"
#include "layers/tar_writer.h"
#include "layers/tree_view.h"

namespace {

using ibuild::base::ContentError;
using ibuild::layers::EntryType;
using ibuild::layers::LayerEntry;
using ibuild::layers::LayerIndex;

/// Gives every block the checksum that it would have as a header, so that mutations get past it.
std::string with_checksums(std::string tar) {
  ibuild::layers::TarHeader header;
  for (std::size_t at = 0; at + sizeof header <= tar.size(); at += sizeof header) {
    std::memcpy(&header, tar.data() + at, sizeof header);
    if (header.name[0] == '\0' && header.type == '\0') continue;
    unsigned sum = ibuild::layers::tar_checksum(header);
    for (int i = 5; i >= 0; --i, sum /= 8) header.checksum[i] = static_cast<char>('0' + sum % 8);
    header.checksum[6] = '\0';
    header.checksum[7] = ' ';
    std::memcpy(tar.data() + at, &header, sizeof header);
  }
  return tar;
}

/// The index of what is a good layer.
std::optional<LayerIndex> read_layer(const std::string& tar) {
  ibuild::base::StringSource source(tar);
  ibuild::layers::LayerCollector collector;
  try {
    ibuild::layers::TarReader reader(source);
    while (auto entry = reader.next()) {
      ibuild::base::HashingSink data;
      ibuild::base::copy_stream(reader.data(), data);
      if (data.size_bytes() != entry->size_bytes) std::abort();
      collector.add(*std::move(entry));
    }
    if (reader.drain() != tar.size()) std::abort();
  } catch (const ContentError&) {
    return std::nullopt;
  }
  return collector.finish(ibuild::layers::TarOrigin::foreign);  // must not throw
}

/// Other archives hold sparse files; a hole may be as large as it likes, and is not read whole.
void read_archive(const std::string& tar) {
  constexpr std::uint64_t kMaxFileBytes = 64 << 10;
  ibuild::base::StringSource source(tar);
  try {
    ibuild::layers::TarReader reader(source, ibuild::layers::TarKind::archive);
    while (const auto entry = reader.next()) {
      std::array<std::byte, 4096> buffer;
      std::uint64_t read = 0;
      while (const auto count = reader.data().read(buffer)) {
        read += count;
        if (read > kMaxFileBytes) break;
      }
      if (read != entry->size_bytes && read <= kMaxFileBytes) std::abort();
    }
  } catch (const ContentError&) {
  }
}

bool same(const LayerEntry& a, const LayerEntry& b) {
  return a.path == b.path && a.type == b.type && a.mode == b.mode && a.uid == b.uid &&
         a.gid == b.gid && a.link_target == b.link_target && a.size_bytes == b.size_bytes &&
         a.xattrs == b.xattrs && a.device_major == b.device_major &&
         a.device_minor == b.device_minor;
}

void check_on_disk_form(const LayerIndex& index) {
  ibuild::base::StringSink out;
  index.serialize(out);
  const LayerIndex copy = LayerIndex::deserialize(out.text());
  if (copy.size() != index.size()) std::abort();
  for (std::size_t i = 0; i < index.size(); ++i) {
    if (!same(copy.at(i), index.at(i)) || copy.at(i).mtime != index.at(i).mtime) std::abort();
  }
}

void check_view(const LayerIndex& index) {
  const ibuild::layers::TreeView view({std::make_shared<const LayerIndex>(index)});
  view.walk({}, [&](const ibuild::layers::TreeView::Node& node) {
    const auto found = view.lookup(node.path);
    if (!found || found->entry != node.entry) std::abort();
  });
}

/// Entries in walk order as a tar of our own, read back. Hard links come after their file there.
void check_own_tar(const LayerIndex& index) {
  std::vector<LayerEntry> written;
  ibuild::base::StringSink out;
  ibuild::layers::TarWriter writer(out);
  for (const LayerEntry& entry : index.entries()) {
    if (entry.type == EntryType::opaque) return;
    if (entry.type == EntryType::hardlink && entry.link_target > entry.path.str()) return;
    LayerEntry copy = entry;
    copy.size_bytes = 0;
    writer.add(copy, nullptr);
    written.push_back(std::move(copy));
  }
  writer.finish();
  ibuild::base::StringSource source(out.text());
  ibuild::layers::TarReader reader(source);
  for (LayerEntry& entry : written) {
    const auto read = reader.next();
    if (entry.type == EntryType::whiteout) entry.mode = entry.uid = entry.gid = 0;
    if (!read || !same(*read, entry)) std::abort();
  }
  if (reader.next()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string tar = with_checksums({reinterpret_cast<const char*>(data), size});
  read_archive(tar);
  const auto index = read_layer(tar);
  if (!index) return 0;
  check_on_disk_form(*index);
  check_view(*index);
  check_own_tar(*index);
  return 0;
}
