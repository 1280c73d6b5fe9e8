#include "builder/remote/blob_origins.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace ibuild::remote {

namespace {

/// Eight names of at most 255 + 255 bytes fit well into this.
constexpr std::uint64_t kMaxFileBytes = 16 << 10;

base::RelPath file_of(const base::Digest& blob) {
  return base::RelPath::exact(std::string(blob.algorithm()) + "-" + std::string(blob.hex()));
}

std::optional<image::Reference> try_parse_repository(std::string_view line) {
  try {
    return image::parse_reference(line);
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

std::optional<std::string> try_read(const base::DirFd& dir, const base::Digest& blob) {
  try {
    return base::try_read_file_at(dir, file_of(blob), kMaxFileBytes);
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

}  // namespace

BlobOrigins::BlobOrigins(const layers::Store& store) : dir_(store.cache_dir("origins")) {}

std::vector<image::Reference> BlobOrigins::find(const base::Digest& blob) const {
  std::vector<image::Reference> found;
  const auto content = try_read(dir_, blob);
  if (!content) return found;
  for (const auto line : base::split(*content, '\n')) {
    if (found.size() == kMaxPerBlob) break;
    if (auto repository = try_parse_repository(line)) found.push_back(*std::move(repository));
  }
  return found;
}

void BlobOrigins::remember(const base::Digest& blob, const image::Reference& repository) const {
  auto known = find(blob);
  if (!known.empty() && known.front().name() == repository.name()) return;
  std::erase_if(known, [&](const auto& other) { return other.name() == repository.name(); });
  known.insert(known.begin(), repository);
  if (known.size() > kMaxPerBlob) known.resize(kMaxPerBlob);
  std::string content;
  for (const auto& each : known) content += each.name() + "\n";
  base::write_file_atomically(dir_, file_of(blob), content);
}

}  // namespace ibuild::remote
