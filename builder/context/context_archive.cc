#include "builder/context/context_archive.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "layers/any_decompressor.h"
#include "layers/layer_collector.h"
#include "layers/tar_entry.h"
#include "layers/tar_format.h"
#include "layers/tar_reader.h"
#include "layers/tree_applier.h"

namespace ibuild::builder {
namespace {

using layers::EntryType;
using namespace std::string_view_literals;

/// Why an entry cannot be in a context; null: it can.
const char* why_left_out(const layers::LayerEntry& entry) {
  switch (entry.type) {
    case EntryType::char_device:
    case EntryType::block_device:
      return "devices cannot be in a build context";
    case EntryType::whiteout:
    case EntryType::opaque:
      return "names that begin with .wh. mean deletions in an image layer";
    default:
      return nullptr;
  }
}

/// The last entry of a path counts, and of a file with several names its last one.
void note_owner(const layers::LayerEntry& placed, const Owner& owner, FileOwners& owners) {
  if (placed.path.is_root()) return;  // what holds the context is no part of it
  const auto note = [&](std::string path) {
    owners.erase(path);
    if (owner != Owner{}) owners.emplace(std::move(path), owner);
  };
  note(placed.path.str());
  if (placed.type == EntryType::hardlink) note(placed.link_target);
}

}  // namespace

bool looks_like_archive(base::Bytes first_bytes) {
  const auto text = base::as_text(first_bytes);
  for (const auto magic : {"\x1f\x8b\x08"sv, "BZh"sv, "\xfd\x37zXZ\0"sv, "\x28\xb5\x2f\xfd"sv}) {
    if (text.starts_with(magic)) return true;
  }
  layers::TarHeader header;
  if (first_bytes.size() < sizeof header) return false;
  std::memcpy(&header, first_bytes.data(), sizeof header);
  return header.name[0] != '\0' && layers::has_right_checksum(header);
}

UnpackedContext unpack_context(base::ByteSource& archive, const base::DirFd& into,
                               const std::function<void(const std::string&)>& warn,
                               std::stop_token stop) {
  const auto plain = layers::make_any_decompressor(archive);
  layers::TarReader reader(*plain, layers::TarKind::archive);
  layers::LayerCollector collector;
  layers::TreeApplier applier(into, layers::OverlayXattrs::user);
  UnpackedContext context;
  while (auto entry = reader.next()) {
    if (stop.stop_requested()) throw base::CancelledError();
    if (const char* why = why_left_out(*entry)) {
      warn(base::printable(entry->path.absolute()) + " of the build context is left out: " + why);
      continue;
    }
    if (entry->type == EntryType::file)
      context.newest = std::max(context.newest.value_or(entry->mtime), entry->mtime);
    const Owner owner{entry->uid, entry->gid};
    entry->uid = ::geteuid();
    entry->gid = ::getegid();
    entry->xattrs.clear();
    const auto& placed = collector.add(*std::move(entry));
    note_owner(placed, owner, context.owners);
    applier.add(placed, reader.data());
  }
  reader.drain();
  applier.finish(collector.finish(layers::TarOrigin::foreign));
  return context;
}

std::optional<base::TimePoint> newest_file_time(base::ByteSource& archive, std::stop_token stop) {
  std::optional<base::TimePoint> newest;
  try {
    const auto plain = layers::make_any_decompressor(archive);
    layers::TarReader reader(*plain, layers::TarKind::archive);
    while (const auto entry = reader.next()) {
      if (stop.stop_requested()) throw base::CancelledError();
      if (entry->type == EntryType::file)
        newest = std::max(newest.value_or(entry->mtime), entry->mtime);
    }
  } catch (const base::ContentError&) {
    return std::nullopt;
  }
  return newest;
}

}  // namespace ibuild::builder
