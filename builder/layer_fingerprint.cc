#include "builder/layer_fingerprint.h"

#include <fmt/format.h>

#include "base/error.h"

namespace ibuild::builder {
namespace {

constexpr std::string_view kVersion = "ibuild layer fingerprint 1";

}  // namespace

base::Digest fingerprint(const layers::LayerIndex& index, const TimeSpan& span) {
  base::Sha256 hash;
  const auto put = [&](std::string_view text) {
    hash.update(std::to_string(text.size()) + ":");
    hash.update(text);
  };
  put(kVersion);
  for (std::size_t i = 0; i < index.size(); ++i) {
    const layers::LayerEntry entry = index.copy_of(i);
    put(entry.path.str());
    put(fmt::format("{} {:o} {}:{} {}:{}", static_cast<int>(entry.type), entry.mode, entry.uid,
                    entry.gid, entry.device_major, entry.device_minor));
    const bool incidental = entry.mtime >= span.start && entry.mtime <= span.end;
    put(incidental ? "then" : std::to_string(entry.mtime.time_since_epoch().count()));
    put(entry.link_target);
    if (entry.type == layers::EntryType::file) {
      if (!entry.content)
        throw base::ContentError("layer entry " + entry.path.str() + " has no content digest");
      put(entry.content->str());
    }
    for (const auto& xattr : entry.xattrs) {
      put(xattr.name);
      put(xattr.value);
    }
  }
  return hash.finish();
}

}  // namespace ibuild::builder
