#include "builder/tree/file_digest_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "layers/checksum64.h"

namespace ibuild::builder {
namespace {

// The file: a header, then records sorted by identity. Little endian, as every machine that ibuild
// builds for.
constexpr std::string_view kName = "files.idx";
constexpr std::array<char, 8> kMagic = {'i', 'b', 'f', 'i', 'l', 'e', 's', '1'};
/// With more than this many files (107 MiB) the old records are dropped.
constexpr std::size_t kMaxRecords = 1'000'000;
constexpr std::size_t kMany = 10'000;  // nearly a MiB while they are not saved
constexpr auto kRacyWindow = std::chrono::seconds(2);

struct Record {
  std::uint64_t device;
  std::uint64_t inode;
  std::uint64_t size_bytes;
  std::int64_t mtime_ns;
  std::int64_t ctime_ns;
  std::array<char, base::Sha256Value::kBytes> sha256;
  std::array<char, kMaxCapabilityBytes> capability;
  std::uint64_t capability_bytes;
  std::uint64_t checksum;  // of all before
};
static_assert(sizeof(Record) == 112);
constexpr std::size_t kHeaderBytes = kMagic.size();

std::uint64_t checksum_of(const Record& record) {
  return layers::checksum64({reinterpret_cast<const char*>(&record), offsetof(Record, checksum)});
}

FileIdentity identity_of(const Record& record) {
  return {record.device, record.inode, record.size_bytes, record.mtime_ns, record.ctime_ns};
}

/// A record begins with it.
FileIdentity identity_at(const char* data, std::size_t index) {
  FileIdentity identity;
  std::memcpy(&identity, data + kHeaderBytes + index * sizeof(Record), sizeof identity);
  return identity;
}
static_assert(sizeof(FileIdentity) == offsetof(Record, sha256));

Record make_record(const FileIdentity& identity, const FileFacts& facts) {
  Record record{};
  record.device = identity.device;
  record.inode = identity.inode;
  record.size_bytes = identity.size_bytes;
  record.mtime_ns = identity.mtime_ns;
  record.ctime_ns = identity.ctime_ns;
  facts.content.raw().copy(record.sha256.data(), record.sha256.size());
  std::copy(facts.capability.begin(), facts.capability.end(), record.capability.begin());
  record.capability_bytes = facts.capability.size();
  record.checksum = checksum_of(record);
  return record;
}

std::optional<FileFacts> facts_of(const Record& record) {
  if (record.checksum != checksum_of(record) || record.capability_bytes > kMaxCapabilityBytes)
    return std::nullopt;
  return FileFacts{base::Sha256Value::from_raw({record.sha256.data(), record.sha256.size()}),
                   std::string(record.capability.data(), record.capability_bytes)};
}

Record record_at(const char* data, std::size_t index) {
  Record record;
  std::memcpy(&record, data + kHeaderBytes + index * sizeof(Record), sizeof(Record));
  return record;
}

/// Gathers records, so that each costs no system call of its own.
class RecordWriter {
 public:
  explicit RecordWriter(base::ByteSink& out) : out_(out), buffer_(kMagic.data(), kMagic.size()) {}
  void put(const Record& record) {
    buffer_.append(reinterpret_cast<const char*>(&record), sizeof record);
    if (buffer_.size() >= kFlushBytes) flush();
  }
  void flush() {
    out_.write(base::as_bytes(buffer_));
    buffer_.clear();
  }

 private:
  static constexpr std::size_t kFlushBytes = 256 << 10;
  base::ByteSink& out_;
  std::string buffer_;
};

/// What is new, in the order of the file.
class SortedFacts {
 public:
  explicit SortedFacts(const FileFactsTable& table) : table_(table), places_(table.sorted()) {}
  /// Writes those that come before `identity` and were not written yet; none: all.
  void write_before(const std::optional<FileIdentity>& identity, RecordWriter& out) {
    for (; next_ < places_.size(); ++next_) {
      const auto& fresh = table_.identity(places_[next_]);
      if (identity && !(fresh < *identity)) return;
      out.put(make_record(fresh, table_.facts(places_[next_])));
    }
  }
  /// Whether one of them tells of the same file in a later state.
  bool outdate(const FileIdentity& identity) const {
    const FileIdentity first{identity.device, identity.inode, 0, INT64_MIN, INT64_MIN};
    const auto next = std::lower_bound(
        places_.begin(), places_.end(), first,
        [&](std::uint32_t place, const FileIdentity& b) { return table_.identity(place) < b; });
    return next != places_.end() && table_.identity(*next).device == identity.device &&
           table_.identity(*next).inode == identity.inode;
  }

 private:
  const FileFactsTable& table_;
  std::vector<std::uint32_t> places_;
  std::size_t next_ = 0;
};

}  // namespace

FileDigestCache::~FileDigestCache() { unload(); }

void FileDigestCache::unload() {
  if (map_ != nullptr) munmap(map_, map_bytes_);
  map_ = nullptr;
  mapping_ = {};
  loaded_ = false;
}

void FileDigestCache::load() {
  if (std::exchange(loaded_, true)) return;
  const auto fd = base::try_open_at(dir_, base::RelPath::exact(kName), O_RDONLY | O_NOFOLLOW);
  struct stat status {};
  if (!fd || fstat(fd->get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size < kHeaderBytes || (size - kHeaderBytes) % sizeof(Record) != 0) return;
  void* map = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd->get(),
                   0);  // replaced by rename only: never cut short
  if (map == MAP_FAILED) return;
  map_ = map;
  map_bytes_ = size;
  const char* data = static_cast<const char*>(map);
  if (!std::equal(kMagic.begin(), kMagic.end(), data)) return;
  mapping_ = {data, (size - kHeaderBytes) / sizeof(Record)};
}

std::optional<FileFacts> FileDigestCache::find_mapped(const FileIdentity& identity) const {
  std::size_t begin = 0;
  std::size_t end = mapping_.records;
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    const auto order = identity_at(mapping_.data, middle) <=> identity;
    if (order == 0) return facts_of(record_at(mapping_.data, middle));
    (order < 0 ? begin : end) = order < 0 ? middle + 1 : middle;
  }
  return std::nullopt;
}

std::optional<FileFacts> FileDigestCache::find(const FileIdentity& identity) {
  const std::lock_guard lock(mutex_);
  load();
  if (auto fresh = fresh_.find(identity)) return fresh;
  return find_mapped(identity);
}

void FileDigestCache::remember(const FileIdentity& identity, const FileFacts& facts,
                               base::TimePoint read_at) {
  const auto changed = std::max(identity.mtime_ns, identity.ctime_ns);
  if (read_at.time_since_epoch() - std::chrono::nanoseconds(changed) < kRacyWindow) return;
  if (facts.capability.size() > kMaxCapabilityBytes) return;
  const std::lock_guard lock(mutex_);
  fresh_.put(identity, facts);
}

void FileDigestCache::save() {
  const std::lock_guard lock(mutex_);
  save_locked();
}

void FileDigestCache::take_less_memory() {
  const std::lock_guard lock(mutex_);
  if (fresh_.size() >= kMany) save_locked();
  // What is asked for again is read from the file again.
  if (map_ != nullptr) (void)::madvise(map_, map_bytes_, MADV_DONTNEED);
}

void FileDigestCache::save_locked() {
  if (fresh_.empty()) return;
  // Another build may have saved since: start from what is there now. A lost update costs reading
  // some files again.
  unload();
  load();
  base::AtomicFile file(dir_, base::RelPath::exact(kName));
  RecordWriter out(file);
  const std::size_t kept = mapping_.records + fresh_.size() > kMaxRecords ? 0 : mapping_.records;
  SortedFacts fresh(fresh_);
  for (std::size_t i = 0; i < kept; ++i) {
    const Record record = record_at(mapping_.data, i);
    const auto identity = identity_of(record);
    fresh.write_before(identity, out);
    if (!fresh.outdate(identity) && facts_of(record)) out.put(record);
  }
  fresh.write_before(std::nullopt, out);
  out.flush();
  file.commit();
  fresh_.clear();
  unload();
}

}  // namespace ibuild::builder
