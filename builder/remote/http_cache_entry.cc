#include "builder/remote/http_cache_entry.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "layers/checksum64.h"

namespace ibuild::remote {

namespace {

constexpr std::string_view kHeader = "ibuild http record 2";
constexpr std::string_view kFormerHeader = "ibuild http record 1\n";
constexpr std::uint64_t kMaxRecordBytes = 64 << 10;  // of three header fields and a URL
constexpr const char* kRecordName = "record";
constexpr const char* kLockName = "lock";

base::RelPath body_path(const base::Digest& digest) {
  return base::RelPath::exact(std::string(digest.hex()));
}

base::DirFd make_entry_dir(const base::DirFd& cache, std::string_view url) {
  const auto name = base::RelPath::exact(std::string(base::sha256_of(url).hex()));
  base::make_dirs(cache, name);
  return base::open_dir_at(cache, name);
}

/// Takes the value of a line "name value" off the front of `lines`; none when another line stands
/// there.
std::optional<std::string> take_value(std::vector<std::string_view>& lines, std::string_view name) {
  if (lines.empty() || !lines.front().starts_with(name) ||
      lines.front().substr(name.size(), 1) != " ")
    return std::nullopt;
  std::string value(lines.front().substr(name.size() + 1));
  lines.erase(lines.begin());
  return value;
}

/// Reads an empty value as none; false when the value is no time.
bool read_time(const std::string& value, std::optional<base::TimePoint>& time) {
  if (value.empty()) return true;
  time = base::parse_rfc3339(value);
  return time.has_value();
}

}  // namespace

std::string serialize(const HttpCacheRecord& record) {
  std::string text(kHeader);
  text += fmt::format("\ndigest {}\nsize {}\netag {}\nchanged {}\n", record.digest.str(),
                      record.size_bytes, record.etag,
                      record.last_modified ? base::format_rfc3339(*record.last_modified) : "");
  return text + fmt::format("sum {:016x}\n", layers::checksum64(text));
}

std::optional<HttpCacheRecord> parse_http_cache_record(std::string_view text) {
  const auto sum_at = text.rfind("sum ");
  if (sum_at == std::string_view::npos) return std::nullopt;
  if (text.substr(sum_at) !=
      fmt::format("sum {:016x}\n", layers::checksum64(text.substr(0, sum_at))))
    return std::nullopt;
  auto lines = base::split(text.substr(0, sum_at), '\n');
  if (lines.size() != 6 || lines.front() != kHeader) return std::nullopt;
  lines.erase(lines.begin());
  const auto digest = base::Digest::try_parse(take_value(lines, "digest").value_or(""));
  const auto size = base::parse_u64(take_value(lines, "size").value_or(""));
  const auto etag = take_value(lines, "etag");
  const auto changed = take_value(lines, "changed");
  if (!digest || !size || !etag || !changed) return std::nullopt;
  HttpCacheRecord record{
      .digest = *digest, .size_bytes = *size, .etag = *etag, .last_modified = std::nullopt};
  if (!read_time(*changed, record.last_modified)) return std::nullopt;
  return record;
}

HttpCacheEntry::HttpCacheEntry(const base::DirFd& cache, std::string_view url)
    : dir_(make_entry_dir(cache, url)) {}

base::LockFile HttpCacheEntry::lock(std::stop_token stop) const {
  return base::LockFile::acquire(dir_, base::RelPath::exact(kLockName),
                                 base::LockFile::Mode::exclusive, std::move(stop));
}

std::optional<HttpCacheRecord> HttpCacheEntry::find(std::string& damaged) const {
  const auto path = base::RelPath::exact(kRecordName);
  try {
    const auto text = base::try_read_file_at(dir_, path, kMaxRecordBytes);
    if (!text || text->starts_with(kFormerHeader)) return std::nullopt;
    if (auto record = parse_http_cache_record(*text)) return record;
    damaged = dir_.show(path) + " is damaged";
  } catch (const base::Error& error) {
    damaged = error.what();
  }
  return std::nullopt;
}

base::UniqueFd HttpCacheEntry::open_body(const HttpCacheRecord& record) const {
  auto body = base::try_open_at(dir_, body_path(record.digest), O_RDONLY);
  struct stat status {};
  const bool whole = body && ::fstat(body->get(), &status) == 0 && S_ISREG(status.st_mode) &&
                     static_cast<std::uint64_t>(status.st_size) == record.size_bytes;
  return whole ? std::move(*body) : base::UniqueFd();
}

void HttpCacheEntry::put(const HttpCacheRecord& record, layers::TempFile& body) const {
  const std::string name(record.digest.hex());
  body.sync();  // the record must not outlive its bytes when the machine fails
  body.move_to(dir_, name);
  base::write_file_atomically(dir_, base::RelPath::exact(kRecordName), serialize(record));
  for (const auto& entry : base::list_dir(dir_)) {
    const bool wanted = entry.name == name || entry.name == kRecordName || entry.name == kLockName;
    if (!wanted) base::remove_tree(dir_, base::RelPath::exact(entry.name));
  }
}

}  // namespace ibuild::remote
